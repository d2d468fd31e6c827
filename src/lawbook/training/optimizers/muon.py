"""Muon: steps by the mean gradient of a matrix with all its singular values made 1."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, cast

from lawbook.axes import Config
from lawbook.training.optimizers import Optimizer, Part

if TYPE_CHECKING:
    from torch import Tensor

Places = Sequence[tuple[int, tuple[int, ...]]]
"""Where the tensors of a view lie in it one after another: the first number, and the shape, of each."""


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
        places = _places(config, part.rate_multiplier)
        views = zip(part.weights, part.gradients, part.moments[0], strict=True)
        for number, (weights, gradients, momentum) in enumerate(views):
            momentum.mul_(config["momentum"]).add_(gradients)
            weights.mul_(1.0 - rate * weight_decay)
            within = places[number % len(places)] if places else [(0, tuple(weights.shape))]
            for start, shape in within:
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


def _places(config: Config, rate_multiplier: float) -> list[Places]:
    """Return where the tensors lie in each view of a run that share a rate; nothing of a configuration without model.

    A view is the whole row of a run where all its tensors share one rate, and else a single tensor.
    """
    if "model" not in config:
        return []
    from lawbook.models import TrainedModel, models
    from lawbook.tasks import tasks
    from lawbook.training.parametrizations import tensor_scales

    model, task = cast(TrainedModel, models[config["model"]]), tasks[config["task"]]
    shapes = model.shapes(config, task.n_inputs(config), task.n_outputs(config))
    rates = {name: scale.rate for name, scale in tensor_scales(config).items()}
    if set(rates.values()) == {1.0}:
        return [list(_one_after_another(list(shapes.values())))]
    return [[(0, shape)] for name, shape in shapes.items() if rates[name] == rate_multiplier]


def _one_after_another(shapes: Sequence[tuple[int, ...]]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the place of each tensor in the row of a run, in which each begins at a multiple of ALIGNMENT."""
    from lawbook.models import ALIGNMENT

    start = 0
    for shape in shapes:
        yield start, shape
        start += -(-math.prod(shape) // ALIGNMENT) * ALIGNMENT


optimizer = Muon()
