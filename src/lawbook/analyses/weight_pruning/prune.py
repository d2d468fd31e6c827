"""Weights removed from a stack of networks, and the two copies that learn on without them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from lawbook.axes import Config
from lawbook.models import TrainedModel
from lawbook.seeds import generator

Weights = Mapping[str, Tensor]


@dataclass(frozen=True)
class Networks:
    """R trained networks of one shape, with as many examples each.

    configs: of each; weights: each tensor (R, ...); inputs (R, n, ...), classes (R, n) of their own examples; asked,
    answers: those of their test split, (R, m, ...) and (R, m).
    """

    model: TrainedModel
    configs: Sequence[Config]
    weights: Weights
    inputs: Tensor
    classes: Tensor
    asked: Tensor
    answers: Tensor

    def outputs(self, weights: Weights, inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, classes) of inputs (R, B, ...)."""
        return self.model.forward(self.configs[0], weights, inputs)

    def errors(self, weights: Weights) -> Tensor:
        """Return the share of test examples that are told wrong, (R,) in float64."""
        return wrong(self.outputs(weights, self.asked), self.answers)


def wrong(outputs: Tensor, classes: Tensor) -> Tensor:
    """Return the share of wrong answers, (R,) in float64, of outputs (R, B, classes)."""
    return (outputs.argmax(-1) != classes).double().mean(-1)


def scores_of(networks: Networks, score: str) -> Tensor:
    """Compute the score of each weight of the matrices, (R, M): what is low is removed first.

    |w| (Han et al. 2015, arXiv:1506.02626), |w ∂L/∂w| of the mean loss of all examples (Lee et al. 2019,
    arXiv:1810.02340, there before training), or a number drawn uniformly.
    """
    weights = _flat(networks.weights)
    if score == "magnitude":
        return weights.abs()
    if score == "gradient":
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in networks.weights.items()}
        _loss(networks.outputs(leaves, networks.inputs), networks.classes).backward()
        return (
            weights * _flat({name: leaf.grad for name, leaf in leaves.items() if leaf.grad is not None})
        ).abs()
    drawn = [
        generator(config["seed"], "random weights").random(weights.shape[1]) for config in networks.configs
    ]
    return torch.from_numpy(np.stack(drawn))


def masks_of(networks: Networks, scores: Tensor, density: float) -> dict[str, Tensor]:
    """Return which weights stay, 1 or 0 in the shape of each tensor: the ⌈density M⌉ of highest score; all biases."""
    n = int(np.ceil(density * scores.shape[1]))
    flat = torch.zeros_like(scores).scatter_(
        1, scores.argsort(dim=1, descending=True, stable=True)[:, :n], 1.0
    )
    masks, start = {}, 0
    for name, tensor in networks.weights.items():
        masks[name] = torch.ones_like(tensor)
        if _is_matrix(tensor):
            size = tensor[0].numel()
            masks[name] = flat[:, start : start + size].reshape(tensor.shape).to(tensor.dtype)
            start += size
    return masks


def pruned(weights: Weights, masks: Weights) -> dict[str, Tensor]:
    """Return the weights with those removed that a mask is 0 at."""
    return {name: tensor * masks[name] for name, tensor in weights.items()}


def retrained(
    networks: Networks, masks: Weights, *, copy: int, steps: int, rate: float, batch: int
) -> dict[str, Tensor]:
    """Return the weights that stay after steps of gradient descent without the others.

    copy: which order of batches; it is the same at every density. The rate falls to 0 linearly.
    """
    weights = {
        name: tensor.clone().requires_grad_() for name, tensor in pruned(networks.weights, masks).items()
    }
    rngs = [generator(config["seed"], f"retraining {copy}") for config in networks.configs]
    n, rows = networks.inputs.shape[1], torch.arange(len(networks.configs))[:, None]
    for step in range(steps):
        chosen = torch.from_numpy(np.stack([rng.integers(n, size=batch) for rng in rngs]))
        loss = _loss(networks.outputs(weights, networks.inputs[rows, chosen]), networks.classes[rows, chosen])
        gradients = torch.autograd.grad(loss, list(weights.values()))
        with torch.no_grad():
            for (name, tensor), gradient in zip(weights.items(), gradients, strict=True):
                tensor -= rate * (1.0 - step / steps) * gradient * masks[name]
    return {name: tensor.detach() for name, tensor in weights.items()}


def barrier(networks: Networks, one: Weights, other: Weights) -> Tensor:
    """Compute the training error half-way between two copies, less the mean of theirs, (R,)."""
    between = {name: (tensor + other[name]) / 2.0 for name, tensor in one.items()}
    middle, first, second = (
        wrong(networks.outputs(weights, networks.inputs), networks.classes)
        for weights in (between, one, other)
    )
    return middle - (first + second) / 2.0


def similarity(one: Tensor, other: Tensor) -> Tensor:
    """Compute the linear centred kernel alignment of outputs (R, B, k), (R,): 1 for copies up to a rotation.

    Source: Kornblith et al. 2019, arXiv:1905.00414, equation 9.
    """
    x, y = (part.double() - part.double().mean(1, keepdim=True) for part in (one, other))
    norms = (torch.linalg.matrix_norm(part.mT @ part) for part in (x, y))
    return torch.linalg.matrix_norm(x.mT @ y).square() / (next(norms) * next(norms))


def _loss(outputs: Tensor, classes: Tensor) -> Tensor:
    """Return the sum over networks of the mean cross-entropy."""
    return cross_entropy(outputs.flatten(0, 1), classes.flatten(), reduction="sum") / classes.shape[1]


def _is_matrix(stacked: Tensor) -> bool:
    return bool(stacked.dim() > 2)


def _flat(weights: Weights) -> Tensor:
    return torch.cat([tensor.detach().flatten(1) for tensor in weights.values() if _is_matrix(tensor)], dim=1)
