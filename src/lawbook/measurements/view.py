"""What a measurement sees of a stack: weights, examples, hidden layers, and first and second derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from lawbook.axes import Config
from lawbook.models import TrainedModel

Losses = Callable[[Tensor, Tensor], Tensor]
"""From outputs (R, B, ...) and targets (R, B, ...) to what each run descends, (R,), twice differentiable."""


@dataclass(frozen=True)
class View:
    """R runs of one shape at one step, with n examples of each.

    weights, initial: the weights now and before the first step, each tensor (R, ...); config: the axes that the runs
    share; inputs (R, n, ...) and targets (R, n, ...) of the examples, empty for a measurement that asks for none;
    losses: what is descended on examples; at_once: so many examples are differentiated at a time.
    """

    model: TrainedModel
    config: Config
    n_inputs: int
    weights: Mapping[str, Tensor]
    initial: Mapping[str, Tensor]
    inputs: Tensor
    targets: Tensor
    losses: Losses
    at_once: int

    def outputs(self, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, n_outputs) that some weights give for inputs (R, B, ...)."""
        return self.model.forward(self.config, weights, inputs)

    @cached_property
    def activations(self) -> dict[str, Tensor]:
        """Return the hidden layers on the examples, by name in their order, each (R, N, units).

        N is the number of examples, or of their tokens or pixels, each of which has units of its own.
        """
        return self.hidden_layers(self.weights)

    def hidden_layers(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return what `activations` are for other weights."""
        with torch.no_grad():
            layers = self.model.activations(self.config, weights, self.inputs)
        return {name: layer.flatten(1, -2) for name, layer in layers.items()}

    def gradient(self) -> Tensor:
        """Return the gradient of the loss on the examples, (R, P), tensor after tensor in the order of the weights."""
        leaves = _leaves(self.weights)
        parts = [
            torch.autograd.grad(loss, list(leaves.values()), materialize_grads=True)
            for loss in self._loss(leaves)
        ]
        return sum((_flat(part) for part in parts[1:]), _flat(parts[0]))

    def hessian(self) -> Callable[[Tensor], Tensor]:
        """Return the function from vectors (R, P) to their products with the Hessian of the loss, (R, P).

        By differentiating the gradient along the vector (Pearlmutter 1994, "Fast exact multiplication by the Hessian").
        """
        leaves = _leaves(self.weights)
        shapes = [leaf.shape for leaf in leaves.values()]
        sizes = [leaf[0].numel() for leaf in leaves.values()]

        def gradients() -> Iterator[tuple[Tensor, ...]]:
            for loss in self._loss(leaves):
                yield torch.autograd.grad(
                    loss, list(leaves.values()), create_graph=True, materialize_grads=True
                )

        # The gradient is kept with its graph where it is that of one part of examples, and else made anew each time.
        kept = list(gradients()) if self.inputs.shape[1] <= self.at_once else None

        def product(vectors: Tensor) -> Tensor:
            along = [part.reshape(shape) for part, shape in zip(vectors.split(sizes, 1), shapes, strict=True)]
            total = torch.zeros_like(vectors)
            for gradient in kept or gradients():
                inner = [(one, v) for one, v in zip(gradient, along, strict=True) if one.requires_grad]
                if inner:  # a loss that is linear in all weights has no curvature
                    found = torch.autograd.grad(
                        [one for one, _ in inner], list(leaves.values()), [v for _, v in inner],
                        retain_graph=kept is not None, materialize_grads=True,
                    )  # fmt: skip
                    total += _flat(found)
            return total

        return product

    def _loss(self, weights: Mapping[str, Tensor]) -> Iterator[Tensor]:
        """Yield the sum of the runs' losses on each part of the examples, which add up to that on all of them."""
        n = self.inputs.shape[1]
        parts = zip(self.inputs.split(self.at_once, 1), self.targets.split(self.at_once, 1), strict=True)
        for inputs, targets in parts:
            # The faster kernels of attention have no second derivative.
            with torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
                losses = self.losses(self.outputs(weights, inputs), targets)
                yield losses.sum() * (inputs.shape[1] / n)


def flat(weights: Mapping[str, Tensor]) -> Tensor:
    """Return the weights of each run as one vector, (R, P), tensor after tensor."""
    return _flat(tuple(weights.values()))


def _flat(tensors: tuple[Tensor, ...]) -> Tensor:
    return torch.cat([tensor.detach().flatten(1) for tensor in tensors], dim=1)


def _leaves(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().requires_grad_() for name, tensor in weights.items()}
