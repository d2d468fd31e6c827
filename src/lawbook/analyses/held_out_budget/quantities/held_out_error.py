"""How far the least loss at the held-out budget lies from what the smaller budgets predict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lawbook.analyses.held_out_budget.block import METHODS, SURFACE
from lawbook.analyses.held_out_budget.words import rows_by
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results

OPTIONS = {
    "method": "surface (the default), power or last",
    "less": "another method: less its error, negative where that one is further off",
}


def held_out_error(
    results: Results, runs: pd.DataFrame, method: str = SURFACE, less: str | None = None
) -> tuple[float, float, float, int]:
    """Return |log predicted − log measured| with its interval; NaN where the method is refused.

    The interval of a difference joins opposite ends of both, and so is too wide.
    """
    rows = rows_by(results.table("predictions"), "method")
    value, low, high = _distance(rows[method])
    if less is not None:
        other, other_low, other_high = _distance(rows[less])
        value, low, high = value - other, low - other_high, high - other_low
    return value, low, high, int(rows[method]["n_runs"])


def _distance(row: Mapping[Any, Any]) -> tuple[float, float, float]:
    """Return the size of an error and the ends of its interval, of which the lower is 0 where it spans 0."""
    value, low, high = (float(row[name]) for name in ("error", "error_low", "error_high"))
    ends = sorted((abs(low), abs(high)))
    return abs(value), 0.0 if low <= 0 <= high else ends[0], ends[1]


quantity = Quantity(
    held_out_error, of="held_out_budget", options=OPTIONS, values={"method": METHODS, "less": METHODS}
)
