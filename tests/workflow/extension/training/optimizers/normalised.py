"""Normalised gradient descent."""

from lawbook.axes import Config
from lawbook.training.optimizers import Optimizer, Part


class Normalised(Optimizer):
    """w ← w - η g / ‖g‖, the norm over the tensors of a part."""

    hyperparameters = frozenset()
    n_moments = 0
    adaptive = True

    def step(self, config: Config, part: Part, step: int, rate: float, weight_decay: float) -> None:
        """Move the weights."""
        norm = sum(g.square().sum() for g in part.gradients).sqrt()
        for weight, gradient in zip(part.weights, part.gradients, strict=True):
            weight.sub_(rate * gradient / (norm + 1e-12))


optimizer = Normalised()
