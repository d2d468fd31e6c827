"""Norm of the gradient of the training loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lawbook.measurements import Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class GradientNorm(OfExamples):
    """‖∇L(θ)‖₂, where L is the loss that a run descends, its mean over the examples, without weight decay."""

    needs = frozenset({"gradients"})
    columns = (Column("gradient_norm", "Norm of the gradient"),)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the norm (R,)."""
        import torch

        return {"gradient_norm": torch.linalg.vector_norm(view.gradient(), dim=1, dtype=torch.float64)}


measurement = GradientNorm
