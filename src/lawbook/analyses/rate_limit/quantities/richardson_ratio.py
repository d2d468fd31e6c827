"""How near the slope in the learning rate comes to the first-order term of theory."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

OPTIONS = {
    "time": "η · steps, the time at which it is told",
    "of": "`exact`: that of the exact curve, which has no error of sampling",
}


def richardson_ratio(
    results: Results, runs: pd.DataFrame, time: float, of: str | None = None
) -> tuple[float, float, float, int]:
    """Return (y - y₀) / (η c₁) extrapolated to η = 0 from the two smallest rates, with its interval over seeds.

    It is 1 where c₁ is right, up to the second order. NaN where no theory knows the first order. Raises LawbookError
    for runs of several cases, for a time that was not run, and for an option with another value.
    """
    if of not in (None, "exact"):
        raise LawbookError(f"of = {of!r}; write exact, or leave it out")
    row = limit_at(results, runs, time)
    if row is None:
        return np.nan, np.nan, np.nan, len(runs)
    names = ("richardson", "richardson_low", "richardson_high") if of is None else ("exact_richardson",) * 3
    value, low, high = (float(row[name]) for name in names)
    return value, low, high, int(row["n_runs"])


def limit_at(results: Results, runs: pd.DataFrame, time: float) -> pd.Series | None:
    """Return the row of the limit at a time of the case that the runs belong to, None for no runs."""
    rows = rows_of_case(results, "limits", runs)
    if rows.empty:
        return None
    row = rows[np.isclose(rows["time"], time)]
    if row.empty:
        known = ", ".join(f"{at:g}" for at in rows["time"])
        raise LawbookError(f"time = {time!r} was not run; write one of {known}")
    return row.iloc[0]


quantity = Quantity(richardson_ratio, of="rate_limit", options=OPTIONS, needed=("time",))
