"""Duplicate units: hidden units that do what another unit of their layer does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class DuplicateUnits(OfExamples):
    """Share of all hidden units that have a twin before them in their layer.

    Units are twins if their activations over the examples have a correlation of at least `correlation` in size. A dead
    unit has none.
    """

    needs = frozenset({"activations"})
    columns = (Column("duplicate_units", "Share of duplicate hidden units"),)

    correlation: float = Field(0.99, gt=0, le=1, description="Correlation from which on units are twins.")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the share (R,)."""
        import torch

        twins = [self._have_twins(layer.double()) for layer in view.activations.values()]
        return {"duplicate_units": torch.cat(twins, dim=1).double().mean(1)}

    def _have_twins(self, layer: Tensor) -> Tensor:
        """Return whether each unit of a layer (R, N, units) has a twin before it, (R, units)."""
        import torch

        from lawbook.models._products import products

        constant = layer.amax(1, keepdim=True) == layer.amin(1, keepdim=True)
        centred = torch.where(constant, 0.0, layer - layer.mean(1, keepdim=True))
        norms = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
        scaled = torch.where(norms > 0, centred / norms, 0.0)
        correlations = products(None, scaled.mT, scaled)
        # A correlation of 1 may be computed as a little less.
        before = torch.tril(correlations.abs(), diagonal=-1) >= min(self.correlation, 1 - 1e-12)
        return before.any(2)


measurement = DuplicateUnits
