"""The largest absolute weight of a run."""

from collections.abc import Mapping
from typing import Any

from lawbook.measurements import Column, Measurement


class LargestWeight(Measurement):
    """max |θ|."""

    needs = frozenset({"weights"})
    columns = (Column("largest_weight", "Largest absolute weight"),)

    def compute(self, view: Any) -> Mapping[str, Any]:
        """Return it for each run, (R,)."""
        from lawbook.measurements.view import flat

        return {"largest_weight": flat(view.weights).abs().amax(dim=1)}


measurement = LargestWeight
