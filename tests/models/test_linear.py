"""The linear model: its counts, its outputs, and copies that train exactly as if each were alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.training.losses.squared_error import loss as squared_error

linear = models["linear"]


@pytest.mark.parametrize(("copies", "n_outputs"), [(1, 1), (1, 10), (5, 1)])
def test_counts_match_the_tensors(copies, n_outputs):
    config = {"copies": copies}
    initial = linear.initial(config, 7, n_outputs, np.random.default_rng(0))
    assert {name: values.shape for name, values in initial.items()} == dict(
        linear.shapes(config, 7, n_outputs)
    )
    assert linear.n_params(config, 7, n_outputs) == sum(values.size for values in initial.values())
    assert linear.forward_flops(config, 7, n_outputs) == 2 * copies * 7 * n_outputs
    assert not initial["weight"].any()


def test_several_outputs_of_one_model():
    random = np.random.default_rng(1)
    weight, inputs = random.normal(size=(2, 1, 7, 10)), random.normal(size=(2, 5, 7))
    got = linear.forward({"copies": 1}, {"weight": torch.from_numpy(weight)}, torch.from_numpy(inputs))
    np.testing.assert_allclose(got.numpy(), inputs @ weight[:, 0], rtol=1e-12)


def test_each_copy_reads_its_own_examples():
    random = np.random.default_rng(2)
    weight, inputs = random.normal(size=(2, 3, 7, 1)), random.normal(size=(2, 3, 4, 7))
    got = linear.forward(
        {"copies": 3}, {"weight": torch.from_numpy(weight)}, torch.from_numpy(inputs.reshape(2, 12, 7))
    )
    want = np.sqrt(3) * np.einsum("rcbi,rcio->rcbo", inputs, weight)
    np.testing.assert_allclose(got.numpy(), want.reshape(2, 12, 1), rtol=1e-12)


def test_a_copy_moves_as_if_alone():
    random = np.random.default_rng(3)
    inputs, targets = (
        torch.from_numpy(random.normal(size=(4, 8, 7))),
        torch.from_numpy(random.normal(size=(4, 8))),
    )
    start = torch.from_numpy(random.normal(size=(4, 7, 1)))

    def moved(copies, effective, inputs, targets):
        """One SGD step at rate 0.1 of one run; returns the effective weights W = √K Θ."""
        theta = (effective / np.sqrt(copies))[None].requires_grad_()
        outputs = linear.forward({"copies": copies}, {"weight": theta}, inputs.reshape(1, -1, 7))
        squared_error.descended(outputs, targets.reshape(1, -1)).sum().backward()
        return np.sqrt(copies) * (theta - 0.1 * theta.grad)[0].detach()

    together = moved(4, start, inputs, targets)
    for copy in range(4):
        part = slice(copy, copy + 1)
        alone = moved(1, start[part], inputs[part], targets[part])
        torch.testing.assert_close(together[part], alone, rtol=1e-12, atol=1e-12)


def test_copies_need_one_output():
    with pytest.raises(AxisError, match="one output"):
        linear.shapes({"copies": 2}, 7, 10)
