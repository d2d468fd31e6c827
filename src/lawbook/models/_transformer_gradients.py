"""The cross-entropy of the transformer for a stack, and its gradient in the same pass.

Each layer returns what it puts out, and the function from the gradient of that to the gradient of its input, which
writes those of its weights. So gradients stand where they belong without being added to zeros, there are fewer
operations and passes over activations than autograd takes, and not all runs of a stack are held at once.
`Transformer.outputs` is the same without this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.functional import gelu, softmax

from lawbook.models._attention import attention_and_backward
from lawbook.models._products import products

Weights = Mapping[str, Tensor]
Backward = Callable[[Tensor], Tensor]

CHUNK = 1 << 20
"""Numbers in the widest layer of the runs that are taken at once: 4 megabytes in float32."""
EPSILON = 1e-5
"""Added to the variance that a norm divides by; PyTorch's own."""


def losses_and_gradients(
    weights: Weights,
    inputs: Tensor,
    targets: Tensor,
    gradients: Weights,
    heads: int,
    scale: float,
    chunk: int = CHUNK,
) -> Tensor:
    """Return the mean cross-entropy of each run, (R,), and write its gradient over `gradients`, by name.

    weights, gradients: (R, ...), named as `Transformer.shapes` has them; inputs, targets: ids (R, B, T); heads,
    scale: of attention; chunk: numbers in the widest layer of the runs that are taken at once.
    """
    widest = max(weights["expand_bias_0"].shape[1], weights["head"].shape[2])
    at_once = max(1, chunk // (inputs[0].numel() * widest))
    with torch.no_grad():
        if inputs.shape[0] <= at_once:
            return _Pass(weights, gradients, heads, scale).descend(inputs, targets)
        parts = zip(
            _in_parts(weights, at_once), _in_parts(gradients, at_once), inputs.split(at_once),
            targets.split(at_once), strict=True,
        )  # fmt: skip
        return torch.cat(
            [
                _Pass(rows, of_rows, heads, scale).descend(ids, classes)
                for rows, of_rows, ids, classes in parts
            ]
        )


def _in_parts(tensors: Weights, size: int) -> list[Weights]:
    """Return the rows of the first `size` runs, of the next ones, and so on."""
    parts = zip(*(rows.split(size) for rows in tensors.values()), strict=True)
    return [dict(zip(tensors, part, strict=True)) for part in parts]


@dataclass(frozen=True)
class _Pass:
    """A pass forward and backward through the layers of some runs. Activations are (R, B·T, units)."""

    weights: Weights
    gradients: Weights
    heads: int
    scale: float

    @cached_property
    def neutral(self) -> tuple[Tensor, Tensor]:
        """Return a gain of 1 and a shift of 0: given neither, the kernel of the norm is twice as slow."""
        like = self.weights["head_gain"][0]
        return torch.ones_like(like), torch.zeros_like(like)

    def descend(self, inputs: Tensor, targets: Tensor) -> Tensor:
        x, embedded = self._embed(inputs)
        branches: list[tuple[Backward, ...]] = []
        for layer in range(sum(name.startswith("attend_gain") for name in self.weights)):
            normed, norm = self._norm(x, f"attend_gain_{layer}", f"attend_shift_{layer}")
            mixed, attend = self._linear(normed, f"attend_weight_{layer}", f"attend_bias_{layer}")
            seen, look = self._attend(mixed, inputs.shape[2])
            added, write = self._linear(seen, f"write_weight_{layer}", f"write_bias_{layer}")
            x = added.add_(x)
            branches.append((write, look, attend, norm))
            normed, norm = self._norm(x, f"expand_gain_{layer}", f"expand_shift_{layer}")
            hidden, expand = self._linear(normed, f"expand_weight_{layer}", f"expand_bias_{layer}")
            added, contract = self._linear(gelu(hidden), f"contract_weight_{layer}", f"contract_bias_{layer}")
            x = added.add_(x)
            branches.append((contract, _through_gelu(hidden), expand, norm))
        normed, norm = self._norm(x, "head_gain", "head_shift")
        logits, read = self._linear(normed, "head")
        losses, gradient = cross_entropy(logits, targets.flatten(1))
        gradient = norm(read(gradient))
        for branch in reversed(branches):
            inner = gradient
            for backward in branch:
                inner = backward(inner)
            gradient = inner.add_(gradient)
        embedded(gradient)
        return losses

    def _embed(self, inputs: Tensor) -> tuple[Tensor, Callable[[Tensor], None]]:
        """Return token + position."""
        ids, length = inputs.flatten(1), inputs.shape[2]
        rows = zip(self.weights["token"], ids, strict=True)
        x = torch.stack([table.index_select(0, mine) for table, mine in rows])
        x.view(*inputs.shape, -1).add_(self.weights["position"][:, None, :length])

        def backward(gradient: Tensor) -> None:
            of_positions, of_tables = self.gradients["position"], self.gradients["token"].zero_()
            if length < of_positions.shape[1]:
                of_positions[:, length:].zero_()
            torch.sum(gradient.view(*inputs.shape, -1), 1, out=of_positions[:, :length])
            for of_table, mine, of_tokens in zip(of_tables, ids, gradient, strict=True):
                of_table.index_add_(0, mine, of_tokens)

        return x, backward

    def _norm(self, x: Tensor, gain: str, shift: str) -> tuple[Tensor, Backward]:
        """Return gain · (x - mean) / deviation + shift, mean and deviation over the units."""
        normed, *moments = torch.native_layer_norm(x, [x.shape[2]], *self.neutral, EPSILON)
        by = self.weights[gain].unsqueeze(1)

        def backward(gradient: Tensor) -> Tensor:
            torch.sum(gradient * normed, 1, out=self.gradients[gain])
            torch.sum(gradient, 1, out=self.gradients[shift])
            of_x: Tensor = torch.ops.aten.native_layer_norm_backward(
                gradient * by, x, [x.shape[2]], *moments, *self.neutral, [True, False, False]
            )[0]
            return of_x

        return torch.addcmul(self.weights[shift].unsqueeze(1), normed, by), backward

    def _linear(self, x: Tensor, weight: str, bias: str | None = None) -> tuple[Tensor, Backward]:
        """Return b + x W."""
        matrix, offset = self.weights[weight], None if bias is None else self.weights[bias].unsqueeze(1)

        def backward(gradient: Tensor) -> Tensor:
            self.gradients[weight].copy_(products(None, x.mT, gradient))
            if bias is not None:
                torch.sum(gradient, 1, out=self.gradients[bias])
            return products(None, gradient, matrix.mT)

        return products(offset, x, matrix), backward

    def _attend(self, mixed: Tensor, length: int) -> tuple[Tensor, Backward]:
        """Return what attention makes of queries, keys and values."""
        shape = mixed.shape
        seen, backward = attention_and_backward(mixed.view(-1, length, shape[2]), self.heads, self.scale)
        return seen.reshape(*shape[:2], -1), lambda gradient: backward(gradient.view(seen.shape)).view(shape)


def _through_gelu(hidden: Tensor) -> Backward:
    return lambda gradient: torch.ops.aten.gelu_backward(gradient, hidden)


def cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean of each run, (R,), and its gradient (softmax - onehot) / n, written over the softmax."""
    index = targets.unsqueeze(2)
    margins = logits.amax(2, keepdim=True).sub_(logits.gather(2, index))
    gradient = softmax(logits, 2)
    # log Σ e^o is max o - log max p, in which p is at least 1 / V, whatever the target's own p has come to.
    losses = margins.sub_(gradient.amax(2, keepdim=True).log_()).squeeze(2).mean(1)
    gradient.scatter_add_(2, index, gradient.new_full((1, 1, 1), -1.0).expand(index.shape))
    return losses, gradient.mul_(1 / targets.shape[1])
