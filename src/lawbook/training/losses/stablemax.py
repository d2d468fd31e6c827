"""Cross-entropy after a function that grows no faster than its argument, in nats: losses are rounded to 0 late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lawbook.training.losses import Loss, mean_over_targets

if TYPE_CHECKING:
    from torch import Tensor


class StableMax(Loss):
    """-log(s(o_y) / Σ_j s(o_j)), with s(o) = o + 1 from 0 on and 1 / (1 - o) below.

    The probabilities of the other classes fall as a power of the outputs, not exponentially, so that the loss of a
    right answer stays above 0 in any number format for far longer. Source: Prieto et al. 2025, "Grokking at the edge
    of numerical stability", arXiv:2501.04697.
    """

    targets = frozenset({"classes"})
    unit = "nats"

    def of_examples(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each example, (R, B); of one with T targets their mean."""
        import torch

        # |o| on either side keeps the branch that is not taken, and its gradient, finite.
        scores = torch.where(outputs >= 0, outputs + 1.0, 1.0 / (1.0 + outputs.abs()))
        chosen = scores.gather(-1, targets.unsqueeze(-1)).squeeze(-1)
        return mean_over_targets(scores.sum(-1).log() - chosen.log())


loss = StableMax()
