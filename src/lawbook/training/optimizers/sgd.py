"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from lawbook.axes import Config
from lawbook.training.optimizers import Optimizer, Part


class SGD(Optimizer):
    """u ← μ u + g + λ w, w ← w - η u, by PyTorch's fused kernel; the first step has u = g + λ w."""

    hyperparameters = frozenset({"momentum"})
    n_moments = 1
    adaptive = False

    def step(self, config: Config, part: Part, step: int, rate: float, weight_decay: float) -> None:
        """Move the weights of a part, and its momentum."""
        import torch

        torch._fused_sgd_(
            part.weights, part.gradients, part.moments[0] if config["momentum"] else [],
            lr=rate, momentum=config["momentum"], weight_decay=weight_decay, dampening=0.0,
            nesterov=False, maximize=False, is_first_step=step == 0,
        )  # fmt: skip


optimizer = SGD()
