"""The best learning rate at one x."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

OPTIONS = {
    "x": "the value of the analysis' column x at which it is told",
    "of": "`exact`: that of the least exact loss, which has no error of sampling",
    "over": "`exact`: as a ratio to that of the least exact loss",
}
VALUES = {"of": ("exact",), "over": ("exact",)}


def optimal_rate(
    results: Results, runs: pd.DataFrame, x: float, of: str | None = None, over: str | None = None
) -> tuple[float, float, float, int]:
    """Return η* at x of the case that the runs belong to, with its bootstrap interval over seeds.

    NaN where the lowest loss lies on an edge of the rates, or no theory knows what is asked. Raises LawbookError for
    runs of several cases, and for an x that was not run.
    """
    rows = rows_of_case(results, "optima", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    row = rows[np.isclose(rows["x"], x)]
    if row.empty:
        raise LawbookError(f"x = {x!r} was not run; write one of {', '.join(f'{at:g}' for at in rows['x'])}")
    value, low, high, exact = (float(row[name].iloc[0]) for name in ("rate", "low", "high", "exact"))
    if of == "exact":
        value = low = high = exact
    scale = exact if over == "exact" else 1.0
    n_runs = int(rows_of_case(results, "exponents", runs)["n_runs"].iloc[0])
    return value / scale, low / scale, high / scale, n_runs


quantity = Quantity(optimal_rate, of="optimal_rate", options=OPTIONS, needed=("x",), values=VALUES)
