"""How far the weights of a run have moved since the first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lawbook.measurements import Column, Measurement

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class WeightMovement(Measurement):
    """‖θ - θ₀‖₂ / ‖θ₀‖₂ over all parameters: small in lazy training (Chizat et al. 2019, arXiv:1812.07956)."""

    needs = frozenset({"weights"})
    columns = (Column("weight_movement", "Movement of the weights, over their initial norm"),)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the movement (R,)."""
        from torch.linalg import vector_norm

        from lawbook.measurements.view import flat

        now, then = flat(view.weights).double(), flat(view.initial).double()
        return {"weight_movement": vector_norm(now - then, dim=1) / vector_norm(then, dim=1)}


measurement = WeightMovement
