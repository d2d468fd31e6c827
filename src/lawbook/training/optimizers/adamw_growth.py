"""AdamW with growth in the place of decay: rows of matrices are drawn to norm 1."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models import ALIGNMENT, models
from lawbook.tasks import tasks
from lawbook.training.optimizers import Optimizer, Part

if TYPE_CHECKING:
    from torch import Tensor


class AdamWGrowth(Optimizer):
    """w ← w + ηγ w (1/‖w‖ - 1) for each row w of a matrix, then the step of Adam; γ is the axis weight_decay.

    Rows shorter than 1 grow, longer ones shrink; vectors neither grow nor decay. It is what the source does for a
    weight decay of -γ. Source: Liu, Liu & Gore 2025, arXiv:2505.10465, its code.
    """

    hyperparameters = frozenset({"beta1", "beta2", "epsilon"})
    n_moments = 2
    adaptive = True

    def step(self, config: Config, part: Part, step: int, rate: float, weight_decay: float) -> None:
        """Move the weights of a part, and its two moments."""
        import torch

        shapes = _shapes(config)
        for weights in part.weights:
            for rows in _matrices(shapes or [tuple(weights.shape)], weights):
                norms = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
                rows.mul_(1 + rate * weight_decay * (1 / (norms + config["epsilon"]) - 1))
        torch._fused_adamw_(
            part.weights, part.gradients, *part.moments, [], [part.steps_taken] * len(part.weights),
            lr=rate, beta1=config["beta1"], beta2=config["beta2"], weight_decay=0.0,
            eps=config["epsilon"], amsgrad=False, maximize=False,
        )  # fmt: skip


def _shapes(config: Config) -> list[tuple[int, ...]]:
    """Return the shapes of the tensors of a run, in their order; none of a configuration without a model."""
    if "model" not in config:
        return []
    task = tasks[config["task"]]
    return list(
        models[config["model"]].shapes(config, task.n_inputs(config), task.n_outputs(config)).values()
    )


def _matrices(shapes: Sequence[tuple[int, ...]], weights: Tensor) -> Iterator[Tensor]:
    """Yield the matrices in a run's row of weights, (rows, columns) each; a tensor begins at a multiple of ALIGNMENT.

    Raises LawbookError for a row of another length: one tensor of several that have rates of their own.
    """
    sizes = [math.prod(shape) for shape in shapes]
    padded = [-(-size // ALIGNMENT) * ALIGNMENT for size in sizes]
    if weights.numel() != sum(padded) and [weights.numel()] != sizes:
        raise LawbookError(
            "optimizer = 'adamw_growth': it takes the tensors of a run at one rate; write parametrization: standard"
        )
    for shape, size, start in zip(shapes, sizes, accumulate(padded, initial=0), strict=False):
        if len(shape) > 1:
            yield weights.view(-1)[start : start + size].view(shape[0], -1)


optimizer = AdamWGrowth()
