"""How far a fitted surface of size and data lies from the losses that it was fitted to."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.held_out_budget.words import rows_by
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def surface_error(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the mean of |log y − log ŷ| over the evaluations at all budgets, with its interval over seeds."""
    row = rows_by(results.table("surfaces"), "part")["all"]
    value, low, high = (float(row[name]) for name in ("mean_error", "low", "high"))
    return value, low, high, int(row["n_runs"])


quantity = Quantity(surface_error, of="held_out_budget")
