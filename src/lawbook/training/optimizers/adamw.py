"""AdamW: steps by the mean gradient over its root mean square, and decay apart from both."""

from __future__ import annotations

from lawbook.axes import Config
from lawbook.training.optimizers import Optimizer, Part


class AdamW(Optimizer):
    """w ← (1 - ηλ) w - η m̂ / (√v̂ + ε), by PyTorch's fused kernel.

    Source: Loshchilov & Hutter 2019, "Decoupled weight decay regularization", arXiv:1711.05101, algorithm 2.
    """

    hyperparameters = frozenset({"beta1", "beta2", "epsilon"})
    n_moments = 2
    adaptive = True

    def step(self, config: Config, part: Part, step: int, rate: float, weight_decay: float) -> None:
        """Move the weights of a part, and its two moments."""
        import torch

        torch._fused_adamw_(
            part.weights, part.gradients, *part.moments, [], [part.steps_taken] * len(part.weights),
            lr=rate, beta1=config["beta1"], beta2=config["beta2"], weight_decay=weight_decay,
            eps=config["epsilon"], amsgrad=False, maximize=False,
        )  # fmt: skip


optimizer = AdamW()
