"""Signs of the mean gradient: every weight moves by the rate, up or down."""

from __future__ import annotations

from lawbook.axes import Config
from lawbook.training.optimizers import Optimizer, Part


class Signum(Optimizer):
    """u ← μ u + (1 - μ) g, w ← (1 - ηλ) w - η sign u.

    Without momentum it is signSGD. Source: Bernstein et al. 2018, "signSGD: Compressed optimisation for non-convex
    problems", arXiv:1802.04434, algorithms 1 and 2.
    """

    hyperparameters = frozenset({"momentum"})
    n_moments = 1
    adaptive = True

    def step(self, config: Config, part: Part, step: int, rate: float, weight_decay: float) -> None:
        """Move the weights of a part, and its momentum."""
        for weights, gradients, momentum in zip(part.weights, part.gradients, part.moments[0], strict=True):
            momentum.lerp_(gradients, 1.0 - config["momentum"])
            weights.mul_(1.0 - rate * weight_decay).sub_(momentum.sign(), alpha=rate)


optimizer = Signum()
