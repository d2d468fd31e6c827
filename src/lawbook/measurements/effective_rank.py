"""Effective rank of what the last hidden layer tells of the examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lawbook.measurements import Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class EffectiveRank(OfExamples):
    """exp(-Σ p_i log p_i), p_i = σ_i / Σ σ_j, over the singular values σ of the last hidden layer about its mean.

    Of m equal singular values it is m. Source: Roy and Vetterli 2007, "The effective rank: a measure of effective
    dimensionality". There is none where the layer is the same on all examples.
    """

    needs = frozenset({"activations"})
    columns = (Column("effective_rank", "Effective rank of the last hidden layer"),)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the effective rank (R,)."""
        import torch

        from lawbook.measurements._spectra import singular_values

        (*_, last) = view.activations.values()
        values = singular_values(last - last.mean(1, keepdim=True))
        shares = values / values.sum(1, keepdim=True)
        return {"effective_rank": torch.special.entr(shares).sum(1).exp()}


measurement = EffectiveRank
