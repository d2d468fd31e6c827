"""The modes of a kernel: drawn as they say, and the loss read off the coefficients is that on new examples."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.models import models
from lawbook.tasks import tasks
from lawbook.testing import check_task
from lawbook.theory.kernel_modes import spectrum

task = tasks["kernel_modes"]
BASE = {**task.axes.defaults(), "modes": 60, "samples": 40, "seed": 0, "input_exponent": 1.3}


def on(dimension: int | None) -> dict[str, object]:
    """Return the axes of waves on a torus, or of normal numbers."""
    return {"dimension": dimension, "functions": "normal" if dimension is None else "waves"}


@pytest.mark.parametrize("dimension", [None, 2])
def test_contract(dimension: int | None) -> None:
    check_task("kernel_modes", {"modes": 20, "samples": 30, **on(dimension)})


@pytest.mark.parametrize("dimension", [None, 1, 3])
def test_examples_have_the_spectrum_and_targets_the_power(dimension: int | None) -> None:
    config = BASE | {"samples": 40_000, "modes": 12, **on(dimension)}
    examples = task.examples(config)
    values, power = spectrum(12, 1.3, config["target_exponent"], dimension)
    second = examples.inputs.astype(float).T @ examples.inputs / 40_000
    np.testing.assert_allclose(second, np.diag(values), atol=0.03)
    assert np.square(examples.targets).mean() == pytest.approx(power.sum(), rel=0.05)
    noisy = task.examples(config | {"noise": 0.5}).targets - examples.targets
    assert noisy.std() == pytest.approx(0.5, rel=0.02)


def test_pools_of_a_seed_are_nested_and_seeds_differ() -> None:
    few, many = task.examples(BASE), task.examples(BASE | {"samples": 90})
    np.testing.assert_array_equal(many.inputs[:40], few.inputs)
    np.testing.assert_allclose(many.targets[:40], few.targets)
    assert not np.allclose(task.examples(BASE | {"seed": 1}).inputs, few.inputs)


@pytest.mark.parametrize("dimension", [None, 2])
def test_the_loss_is_that_on_new_examples(dimension: int | None) -> None:
    config = BASE | on(dimension) | {"features": 30, "ridge": 0.01, "ridge_is": "given"}
    model = models["random_features"]
    new = task.examples(config | {"samples": 60_000})
    x, y = new.inputs.astype(float), new.targets
    weights = model.solve(config, x[:40], y[:40])
    loss = np.square(model.outputs(config, weights, x) - y).mean()
    assert task.exact_metrics(config, weights)["loss"] == pytest.approx(loss, rel=0.05)


def test_the_learned_shares_of_all_modes_sum_to_the_examples_of_every_draw() -> None:
    config = BASE | {"samples": 9, "kernel": "linear", "ridge": 0.0}
    shares = []
    for mode in range(1, 61):
        one = config | {"target_mode": mode}
        examples = task.examples(one)
        weights = models["kernel_ridge"].solve(one, examples.inputs.astype(float), examples.targets)
        shares.append(task.exact_metrics(one, weights)["learnability"])
    assert sum(shares) == pytest.approx(9, rel=1e-13)
    assert 0 < min(shares) < max(shares) < 1
