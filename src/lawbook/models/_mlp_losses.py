"""The cross-entropy of the multilayer perceptron for a stack, and its gradient in the same pass.

Forward, loss and backward of a few runs follow each other while what they read and write is in the cache, and the
gradient is written where it belongs. Autograd takes each operation through the whole stack before the next, and adds
gradients to zeros.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from lawbook.models import ALIGNMENT
from lawbook.models._activations import activated, times_slope

AT_ONCE = 1 << 20
"""Numbers that stay in the cache: 4 megabytes in float32."""


class _Layer(NamedTuple):
    """A layer's weight (R, out, in) and bias (R, out), if it has one, and where their gradients belong."""

    weight: Tensor
    bias: Tensor | None
    of_weight: Tensor
    of_bias: Tensor | None

    def some(self, runs: slice) -> _Layer:
        """Return the layer of some of the runs."""
        return _Layer(*(None if tensor is None else tensor[runs] for tensor in self))


@torch.no_grad()
def losses_and_gradients(
    activation: str,
    weights: Mapping[str, Tensor],
    inputs: Tensor,
    targets: Tensor,
    gradients: Mapping[str, Tensor],
    at_once: int = AT_ONCE,
) -> Tensor:
    """Return the mean cross-entropy of each run, (R,), and write its gradient over `gradients`.

    weights, gradients: weight_0, weight_1, …, (R, out, in), and bias_0, bias_1, …, (R, out), if there are any; inputs:
    (R, B, in); targets: (R, B). No size but R may be 1: libraries take other kernels for a vector that is alone.
    at_once: numbers in the weights, inputs and layers of the runs that are taken at once.
    """
    layers = [
        _Layer(
            weights[f"weight_{number}"],
            weights.get(f"bias_{number}"),
            gradients[f"weight_{number}"],
            gradients.get(f"bias_{number}"),
        )
        for number in range(sum(name.startswith("weight") for name in weights))
    ]
    units = inputs.shape[2] + sum(layer.weight.shape[1] for layer in layers)
    numbers = inputs.shape[1] * units + sum(layer.weight[0].numel() for layer in layers)
    n_runs = max(1, at_once // numbers)
    parts = [slice(start, start + n_runs) for start in range(0, len(inputs), n_runs)]
    return torch.cat(
        [
            _of_some(activation, [layer.some(part) for layer in layers], inputs[part], targets[part])
            for part in parts
        ]
    )


def _of_some(activation: str, layers: Sequence[_Layer], inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the losses of some runs, (R,), and write their gradients."""
    n = inputs.shape[1]
    below = [inputs.mT]  # what each layer reads, (R, in, B)
    made: list[tuple[Tensor, Tensor]] = []  # a hidden layer's sums, and what the units make of them, as rows
    for layer in layers[:-1]:
        sums = _sums(layer, below[-1])
        made.append((sums, activated(activation, sums)))
        below.append(_by_unit(made[-1][1], n, layer))
    log_p = log_softmax(_by_unit(_sums(layers[-1], below[-1]), n, layers[-1]), 1)
    index = targets.unsqueeze(1)
    losses = -log_p.gather(1, index).squeeze(1).mean(1)
    gradient = torch.exp(log_p, out=_by_unit(_rows(inputs, n, layers[-1]), n, layers[-1]))
    gradient.scatter_add_(1, index, gradient.new_full((1, 1, 1), -1.0).expand(index.shape))
    gradient.mul_(1.0 / n)
    for layer in reversed(layers):
        torch.bmm(gradient, below.pop().mT, out=layer.of_weight)
        if layer.of_bias is not None:
            torch.sum(gradient, 2, out=layer.of_bias)
        if below:
            sums, hidden = made.pop()
            rows = torch.empty_like(sums)
            passed_on = _by_unit(rows, n, layers[len(made)])
            torch.bmm(layer.weight.mT, gradient, out=passed_on)
            times_slope(activation, rows, sums, hidden)
            gradient = passed_on
    return losses


def _sums(layer: _Layer, below: Tensor) -> Tensor:
    """Return the rows of W h + b for h (R, in, B)."""
    n = below.shape[2]
    rows = _rows(below, n, layer)
    if layer.bias is None:
        torch.bmm(layer.weight, below, out=_by_unit(rows, n, layer))
    else:
        torch.baddbmm(layer.bias.unsqueeze(2), layer.weight, below, out=_by_unit(rows, n, layer))
    return rows


def _rows(like: Tensor, n: int, layer: _Layer) -> Tensor:
    """Return room for what a layer makes of n examples: a row of whole ALIGNMENTs for each run.

    Vectorised functions compute the end of an array otherwise: so there is none within a row.
    """
    size = layer.weight.shape[1] * n
    return like.new_empty(len(like), -(-size // ALIGNMENT) * ALIGNMENT)


def _by_unit(rows: Tensor, n: int, layer: _Layer) -> Tensor:
    """Return what stands in rows of a layer as (R, out, n)."""
    n_out = layer.weight.shape[1]
    return rows[:, : n_out * n].unflatten(1, (n_out, n))
