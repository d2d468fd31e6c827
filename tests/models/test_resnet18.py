"""ResNet-18: the published count, what plain PyTorch computes, and runs that do not feel each other."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lawbook.axes import AxisError
from lawbook.models.resnet18 import GROUPS, model

CONFIG: dict[str, Any] = {"model": "resnet18", "width": 4, "channels": 3}
N_INPUTS, N_OUTPUTS = 16 * 16 * 3, 10


def norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(GROUPS, channels // 2), channels)


class Block(nn.Module):
    """A basic block as torchvision writes it, with group norm."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), norm(n_out))
        self.second = nn.Sequential(nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False), norm(n_out))
        self.shortcut = None
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(n_in, n_out, 1, stride, bias=False), norm(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = self.second(self.first(x).relu())
        return (inner + (x if self.shortcut is None else self.shortcut(x))).relu()


class Plain(nn.Module):
    """The whole network in plain PyTorch, channels first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, width, 3, 1, 1, bias=False), norm(width))
        sizes = [
            (width, width, 1),
            (width, 2 * width, 2),
            (2 * width, 4 * width, 2),
            (4 * width, 8 * width, 2),
        ]
        self.blocks = nn.Sequential(
            *[Block(a if b == 0 else c, c, s if b == 0 else 1) for a, c, s in sizes for b in range(2)]
        )
        self.last = nn.Linear(8 * width, N_OUTPUTS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.blocks(self.stem(x).relu()).mean((-2, -1)))


def stacked(n_runs: int, dtype: torch.dtype = torch.float64) -> dict[str, torch.Tensor]:
    drawn = [model.initial(CONFIG, N_INPUTS, N_OUTPUTS, np.random.default_rng(run)) for run in range(n_runs)]
    rng = np.random.default_rng(99)
    return {
        name: torch.from_numpy(
            np.stack([run[name] for run in drawn]) + rng.normal(0, 0.1, drawn[0][name].shape)
        ).to(dtype)
        for name in model.shapes(CONFIG, N_INPUTS, N_OUTPUTS)
    }


def images(n_runs: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    drawn = np.random.default_rng(5).normal(size=(n_runs, 6, 16, 16, 3))
    return torch.from_numpy(drawn).to(dtype)


def test_it_is_what_plain_pytorch_computes() -> None:
    weights, inputs = stacked(2), images(2)
    outputs = model.forward(CONFIG, weights, inputs)
    for run in range(2):
        plain = Plain(4).double()
        names = list(model.shapes(CONFIG, N_INPUTS, N_OUTPUTS))
        parameters = list(plain.parameters())
        assert len(parameters) == len(names)
        with torch.no_grad():
            for name, parameter in zip(names, parameters, strict=True):
                parameter.copy_(weights[name][run])
        expected = plain(inputs[run].permute(0, 3, 1, 2))
        torch.testing.assert_close(outputs[run], expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_a_run_is_the_same_alone_and_in_a_stack(dtype: torch.dtype, tolerance: float) -> None:
    weights, inputs = stacked(3, dtype), images(3, dtype)
    for weight in weights.values():
        weight.requires_grad_()
    model.forward(CONFIG, weights, inputs).square().mean((1, 2)).sum().backward()
    alone = {name: weight[1:2].detach().clone().requires_grad_() for name, weight in weights.items()}
    model.forward(CONFIG, alone, inputs[1:2]).square().mean().backward()
    for name, weight in weights.items():
        assert weight.grad is not None
        torch.testing.assert_close(weight.grad[1:2], alone[name].grad, rtol=tolerance, atol=tolerance)


def test_counts_are_exact() -> None:
    weights, inputs = stacked(1), images(1)
    assert sum(w[0].numel() for w in weights.values()) == model.n_params(CONFIG, N_INPUTS, N_OUTPUTS)
    with FlopCounterMode(display=False) as counted:
        model.forward(CONFIG, weights, inputs)
    assert counted.get_total_flops() == 6 * model.forward_flops(CONFIG, N_INPUTS, N_OUTPUTS)


def test_inputs_that_are_no_images_are_one_clear_error() -> None:
    with pytest.raises(AxisError, match="channels = 3: 64 inputs are no square image"):
        model.shapes(CONFIG, 64, 10)


@pytest.mark.parametrize("width", [2, 6, 10, 40])
def test_every_width_that_is_allowed_computes(width: int) -> None:
    config = CONFIG | {"width": width}
    weights = {
        name: torch.from_numpy(values[None].astype(np.float32))
        for name, values in model.initial(config, N_INPUTS, N_OUTPUTS, np.random.default_rng(0)).items()
    }
    outputs = model.forward(config, weights, torch.zeros(1, 2, N_INPUTS))
    assert outputs.shape == (1, 2, N_OUTPUTS)
    assert torch.isfinite(outputs).all()
