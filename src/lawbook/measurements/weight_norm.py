"""Norm of all weights of a run, biases included."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lawbook.measurements import Column, Measurement

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class WeightNorm(Measurement):
    """‖θ‖₂ over all parameters."""

    needs = frozenset({"weights"})
    columns = (Column("weight_norm", "Norm of the weights"),)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the norm (R,)."""
        import torch

        from lawbook.measurements.view import flat

        return {"weight_norm": torch.linalg.vector_norm(flat(view.weights), dim=1, dtype=torch.float64)}


measurement = WeightNorm
