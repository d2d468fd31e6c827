"""The perceptron's counts are those of PyTorch's own layers, and its forward pass is theirs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from lawbook.models.mlp import model


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
