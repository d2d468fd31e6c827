"""Squared error summed over the outputs, for real targets, or classes as vectors of 0 and one 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lawbook.training.losses import Loss, mean_over_targets

if TYPE_CHECKING:
    from torch import Tensor


class SquaredError(Loss):
    """Σ_j (o_j - y_j)² over the k outputs; a run descends half of its mean over the examples."""

    targets = frozenset({"classes", "real"})
    unit = "squared error"
    factor = 0.5

    def of_examples(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over outputs of each example's squared errors, (R, B)."""
        return mean_over_targets((outputs - _wanted(outputs, targets)).square().sum(-1))


def _wanted(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the targets in the shape of the outputs."""
    from torch.nn.functional import one_hot

    if not targets.is_floating_point():
        return one_hot(targets, outputs.shape[-1]).to(outputs.dtype)
    return targets if targets.dim() == outputs.dim() else targets.unsqueeze(-1)


loss = SquaredError()
