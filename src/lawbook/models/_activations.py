"""What a hidden unit makes of its sum, by name, and how it passes a gradient on."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import gelu

_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu_,
    "tanh": torch.tanh_,
    "gelu": gelu,
    "square": torch.square,
    "identity": lambda sums: sums,
}


def activated(activation: str, sums: Tensor) -> Tensor:
    """Return φ(sums); in place by those functions of whose gradient the result alone is needed again."""
    return _FUNCTIONS[activation](sums)


def times_slope(activation: str, gradient: Tensor, sums: Tensor, hidden: Tensor) -> Tensor:
    """Return gradient · φ'(sums), in place, for hidden = φ(sums)."""
    aten = torch.ops.aten
    if activation == "relu":
        aten.threshold_backward.grad_input(gradient, hidden, 0, grad_input=gradient)
    elif activation == "tanh":
        aten.tanh_backward.grad_input(gradient, hidden, grad_input=gradient)
    elif activation == "gelu":
        aten.gelu_backward.grad_input(gradient, sums, grad_input=gradient)
    elif activation == "square":
        gradient.mul_(sums).mul_(2.0)
    return gradient
