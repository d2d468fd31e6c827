"""The perceptron's counts are those of PyTorch's own layers, its passes are theirs, and a run's bits its own."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from lawbook.models import ALIGNMENT
from lawbook.models._mlp_losses import AT_ONCE, losses_and_gradients
from lawbook.models.mlp import model
from lawbook.training.process import prepare_process


def plain(width: int, depth: int) -> nn.Sequential:
    sizes = [64, *[width] * depth, 10]
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1]).double()


@pytest.mark.parametrize(("width", "depth"), [(2, 1), (128, 1), (17, 3)])
def test_counts_and_outputs_are_those_of_linear_layers(width: int, depth: int) -> None:
    config, net = {"width": width, "depth": depth}, plain(width, depth)
    assert model.n_params(config, 64, 10) == sum(p.numel() for p in net.parameters())
    weights = {}
    for layer in range(depth + 1):
        weights[f"weight_{layer}"] = net[2 * layer].weight.detach()[None]
        weights[f"bias_{layer}"] = net[2 * layer].bias.detach()[None]
    inputs = torch.randn(5, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        model.forward(config, weights, inputs[None])[0], net(inputs), rtol=0, atol=1e-13
    )


def test_forward_flops_are_two_per_weight() -> None:
    config = {"width": 17, "depth": 2}
    weights = [shape for name, shape in model.shapes(config, 64, 10).items() if name.startswith("weight")]
    assert model.forward_flops(config, 64, 10) == 2 * sum(a * b for a, b in weights)


def test_initial_weights_have_the_variance_of_the_docstring() -> None:
    drawn = model.initial({"width": 400, "depth": 2}, 64, 10, np.random.default_rng(0))
    assert np.isclose(drawn["weight_0"].var(), 2 / 64, rtol=0.03)
    assert np.isclose(drawn["weight_1"].var(), 2 / 400, rtol=0.03)
    assert np.isclose(drawn["weight_2"].var(), 1 / 400, rtol=0.1)
    assert not drawn["bias_1"].any()


def test_activations_are_what_the_rectifiers_put_out() -> None:
    config, net = {"width": 17, "depth": 3}, plain(17, 3)
    weights = {
        f"{kind}_{layer}": getattr(net[2 * layer], kind).detach()[None]
        for layer in range(4)
        for kind in ("weight", "bias")
    }
    inputs = torch.randn(5, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = model.activations(config, weights, inputs[None])
    for layer in range(1, 4):
        expected = net[: 2 * layer](inputs)
        torch.testing.assert_close(found[f"hidden_{layer}"][0], expected, rtol=0, atol=1e-13)


# Losses and gradients in one pass

NETWORKS = st.fixed_dictionaries(
    {
        "width": st.integers(2, 20),
        "depth": st.integers(1, 3),
        "activation": st.sampled_from(["relu", "tanh", "gelu", "square", "identity"]),
        "bias": st.sampled_from(["on", "off"]),
    }
)
SIZES = st.tuples(st.integers(2, 33), st.integers(2, 12), st.integers(2, 7))
"""Examples in a batch, inputs and outputs."""


def drawn(
    config: dict[str, Any], n_runs: int, sizes: tuple[int, int, int], dtype: torch.dtype
) -> tuple[dict[str, Tensor], Tensor, Tensor]:
    """Return weights near the initial ones in rows that are aligned as in training, inputs and targets."""
    n, n_inputs, n_outputs = sizes
    rng = np.random.default_rng(0)
    weights = {}
    for name, shape in model.shapes(config, n_inputs, n_outputs).items():
        size = math.prod(shape)
        rows = torch.from_numpy(rng.normal(0.0, 0.5, (n_runs, -(-size // ALIGNMENT) * ALIGNMENT))).to(dtype)
        weights[name] = rows[:, :size].unflatten(1, shape)
    inputs = torch.from_numpy(rng.normal(size=(n_runs, n, n_inputs))).to(dtype)
    return weights, inputs, torch.from_numpy(rng.integers(n_outputs, size=(n_runs, n)))


def in_one_pass(
    config: dict[str, Any],
    weights: dict[str, Tensor],
    inputs: Tensor,
    targets: Tensor,
    at_once: int = AT_ONCE,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return losses and gradients, which are written over numbers that are none."""
    gradients = {name: torch.full_like(rows, math.nan) for name, rows in weights.items()}
    losses = losses_and_gradients(config["activation"], weights, inputs, targets, gradients, at_once)
    return losses, gradients


@settings(max_examples=60, deadline=None)
@given(config=NETWORKS, sizes=SIZES, n_runs=st.integers(1, 5), at_once=st.sampled_from([1, 2000, AT_ONCE]))
def test_losses_and_gradients_in_one_pass_are_autograd_s(
    config: dict[str, Any], sizes: tuple[int, int, int], n_runs: int, at_once: int
) -> None:
    weights, inputs, targets = drawn(config, n_runs, sizes, torch.float64)
    losses, gradients = in_one_pass(config, weights, inputs, targets, at_once)
    leaves = {name: rows.clone().requires_grad_() for name, rows in weights.items()}
    outputs = model.outputs(config, leaves, inputs)
    expected = (
        cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none").view(n_runs, -1).mean(1)
    )
    torch.testing.assert_close(losses, expected, rtol=1e-12, atol=1e-12)
    by_autograd = torch.autograd.grad(expected.sum(), list(leaves.values()))
    for name, gradient in zip(leaves, by_autograd, strict=True):
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-12, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(config=NETWORKS, sizes=SIZES, at_once=st.sampled_from([1, 5000, AT_ONCE]), data=st.data())
def test_a_run_has_the_same_bits_in_any_stack(
    config: dict[str, Any], sizes: tuple[int, int, int], at_once: int, data: st.DataObject
) -> None:
    prepare_process()
    n_runs = data.draw(st.sampled_from([1, 3, 7, 64]))
    drawn_of_all = drawn(config, 64, sizes, torch.float32)
    losses, gradients = in_one_pass(config, *drawn_of_all)
    places = data.draw(st.permutations(range(64)))[:n_runs]
    weights = {name: aligned_copy(rows, places) for name, rows in drawn_of_all[0].items()}
    inputs, targets = (part[places] for part in drawn_of_all[1:])
    again, gradients_again = in_one_pass(config, weights, inputs, targets, at_once)
    assert torch.equal(again, losses[places])
    for name, gradient in gradients_again.items():
        assert torch.equal(gradient, gradients[name][places]), name


def aligned_copy(rows: Tensor, places: list[int]) -> Tensor:
    """Return some of the runs, with the strides of the whole stack."""
    room = rows.new_empty(len(places), rows.stride(0))
    return room[:, : rows[0].numel()].unflatten(1, rows.shape[1:]).copy_(rows[places])


@pytest.mark.parametrize("change", [{"precision": "bf16-mixed"}, {"width": 1}, {}])
def test_mixed_precision_and_vectors_are_left_to_autograd(change: dict[str, Any]) -> None:
    config = {"precision": "full", "width": 4, "depth": 1, "activation": "relu", "bias": "on"} | change
    weights, inputs, targets = drawn(config, 2, (5, 3, 2), torch.float32)
    gradients = {name: torch.zeros_like(rows) for name, rows in weights.items()}
    found = model.losses_and_gradients(config, weights, inputs, targets, gradients)
    assert (found is None) == bool(change)
    assert any(rows.any() for rows in gradients.values()) == (not change)
