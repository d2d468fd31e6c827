"""The residual perceptron: PyTorch's own layers give its outputs, and its stream grows with depth as theory says."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import gelu, layer_norm

from lawbook.models.residual_mlp import branch_factor, model


def config(**fields: object) -> dict[str, object]:
    return {**model.axes.defaults(), **fields}


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_outputs_and_gradients_are_those_of_linear_layers(exponent: float) -> None:
    given = config(width=6, depth=4, base_depth=2, branch_exponent=exponent)
    torch.manual_seed(0)
    nets = {name: nn.Linear(n_in, n_out).double() for name, n_in, n_out in [
        ("read", 9, 6), *((f"{part}_{i}", 6, 6) for i in range(4) for part in ("expand", "contract")), ("write", 6, 3)
    ]}  # fmt: skip
    assert model.n_params(given, 9, 3) == sum(p.numel() for net in nets.values() for p in net.parameters())
    inputs = torch.randn(5, 9, dtype=torch.float64)
    x = nets["read"](inputs)
    for i in range(4):
        x = x + 0.5**exponent * nets[f"contract_{i}"](gelu(nets[f"expand_{i}"](layer_norm(x, (6,)))))
    expected = nets["write"](layer_norm(x, (6,)))
    weights = {name: net.weight.detach().T.clone()[None].requires_grad_() for name, net in nets.items()}
    weights |= {
        f"{name}_bias": net.bias.detach().clone()[None].requires_grad_() for name, net in nets.items()
    }
    outputs = model.outputs(given, weights, inputs[None])[0]
    torch.testing.assert_close(outputs, expected, rtol=0, atol=1e-13)
    expected.square().sum().backward()
    outputs.square().sum().backward()
    for name, net in nets.items():
        torch.testing.assert_close(weights[name].grad[0].T, net.weight.grad, rtol=0, atol=1e-12)


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_equal_blocks_move_the_stream_as_depth_to_one_less_alpha(exponent: float) -> None:
    """At the start x_L is x_0. Equal small V in every block add L (1/L)^α V φ(U norm x_0), up to their squares."""
    inputs = torch.randn(1, 32, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for depth in (1, 4, 16):
        given = config(width=24, depth=depth, branch_exponent=exponent)
        drawn = model.initial(given, 9, 3, np.random.default_rng(0))
        weights = {name: torch.from_numpy(values)[None] for name, values in drawn.items()}
        start = inputs @ weights["read"]
        *_, last = model.activations(given, weights, inputs).values()
        torch.testing.assert_close(last, start, rtol=0, atol=0)
        v = 1e-8 * torch.randn(1, 24, 24, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        for block in range(depth):
            weights[f"expand_{block}"], weights[f"contract_{block}"] = weights["expand_0"], v
        *_, last = model.activations(given, weights, inputs).values()
        one = gelu(layer_norm(start, (24,)) @ weights["expand_0"]) @ v
        torch.testing.assert_close(last - start, depth ** (1 - exponent) * one, rtol=1e-3, atol=1e-11)
        assert branch_factor(given) == pytest.approx(depth**-exponent)


def test_initial_weights_have_the_variance_of_the_docstring() -> None:
    drawn = model.initial(config(width=300, depth=2), 64, 10, np.random.default_rng(0))
    assert drawn["read"].var() == pytest.approx(1 / 64, rel=0.05)
    assert drawn["expand_1"].var() == pytest.approx(2 / 300, rel=0.05)
    assert drawn["write"].var() == pytest.approx(1 / 300, rel=0.1)
    assert not any(drawn[name].any() for name in ("contract_0", "contract_1", "read_bias", "expand_0_bias"))
