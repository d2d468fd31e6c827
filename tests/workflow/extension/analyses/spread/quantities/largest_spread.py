"""The largest spread."""

from typing import Any

from lawbook.claims.quantities import Quantity


def largest_spread(results: Any, runs: Any) -> tuple[float, float, float, int]:
    """Return the largest standard deviation, taken for certain."""
    largest = float(results.table("spreads")["spread"].max())
    return largest, largest, largest, len(runs)


quantity = Quantity(largest_spread, of="spread")
