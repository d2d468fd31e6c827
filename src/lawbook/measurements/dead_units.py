"""Dead units: hidden units that tell no two examples apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lawbook.measurements import Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class DeadUnits(OfExamples):
    """Share of all hidden units whose activation is the same number on all examples, such as 0 of a rectifier."""

    needs = frozenset({"activations"})
    columns = (Column("dead_units", "Share of dead hidden units"),)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the share (R,)."""
        import torch

        layers = view.activations.values()
        dead = torch.cat([layer.amax(1) == layer.amin(1) for layer in layers], dim=1)
        return {"dead_units": dead.double().mean(1)}


measurement = DeadUnits
