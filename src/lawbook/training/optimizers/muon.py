"""Muon: steps by the mean gradient of a matrix with all its singular values made 1."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models import ALIGNMENT, models
from lawbook.tasks import tasks
from lawbook.training.optimizers import Optimizer, Part

if TYPE_CHECKING:
    from torch import Tensor


class Muon(Optimizer):
    """u ← μ u + g, w ← (1 - ηλ) w - η U Vᵀ with u = U Σ Vᵀ; singular values up to ε count as 0.

    U and V are those of a decomposition, which the source's five steps of Newton and Schulz approach: there singular
    values become 0.7 to 1.2. A step has the spectral norm η whatever the shape. Axes of length 1 are no part of a
    matrix, the first of the others tells its rows, and a vector is a matrix of one column: it steps by u / ‖u‖.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks",
    https://kellerjordan.github.io/posts/muon.
    """

    hyperparameters = frozenset({"momentum", "epsilon"})
    n_moments = 1
    adaptive = True

    def step(self, config: Config, part: Part, step: int, rate: float, weight_decay: float) -> None:
        """Move the weights of a part, and its momentum."""
        shapes = _shapes(config)
        for weights, gradients, momentum in zip(part.weights, part.gradients, part.moments[0], strict=True):
            momentum.mul_(config["momentum"]).add_(gradients)
            weights.mul_(1.0 - rate * weight_decay)
            for start, shape in _places(shapes or [tuple(weights.shape)], len(weights)):
                stop = start + math.prod(shape)
                towards = _orthogonal(momentum[start:stop].view(shape), config["epsilon"])
                weights[start:stop].sub_(towards.flatten(), alpha=rate)


def _orthogonal(matrix: Tensor, least: float) -> Tensor:
    """Return U Vᵀ of a matrix U Σ Vᵀ, in its shape, without the singular values up to `least`."""
    import torch

    shape = [size for size in matrix.shape if size > 1] or [1]
    flat = matrix.reshape(shape[0], -1)
    found = torch.zeros_like(flat)
    # Rows and columns that are all 0 remain so; of a sparse gradient they are most.
    rows, columns = flat.any(1).nonzero()[:, 0], flat.any(0).nonzero()[:, 0]
    if len(rows):
        left, values, right = torch.linalg.svd(flat[rows][:, columns], full_matrices=False)
        kept = (values > least).to(flat.dtype)
        found[rows[:, None], columns] = (left * kept) @ right
    return found.view(matrix.shape)


def _shapes(config: Config) -> list[tuple[int, ...]]:
    """Return the shapes of the tensors of a run, in their order; none of a configuration without a model."""
    if "model" not in config:
        return []
    task = tasks[config["task"]]
    shapes = models[config["model"]].shapes(config, task.n_inputs(config), task.n_outputs(config))
    return list(shapes.values())


def _places(shapes: Sequence[tuple[int, ...]], length: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield where each tensor begins in a run's row, and its shape; each begins at a multiple of ALIGNMENT.

    Raises LawbookError for a row of another length: one tensor of several that have rates of their own.
    """
    sizes = [math.prod(shape) for shape in shapes]
    padded = [-(-size // ALIGNMENT) * ALIGNMENT for size in sizes]
    if length != sum(padded) and [length] != sizes:
        raise LawbookError(
            "optimizer = 'muon': it takes the tensors of a run at one rate; write parametrization: standard"
        )
    yield from zip(np.cumsum([0, *padded[:-1]]).tolist(), shapes, strict=True)


optimizer = Muon()
