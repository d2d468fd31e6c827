"""How the best learning rate moves: the exponent of η* in x."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results
from lawbook.storage.status import FitStatus

OPTIONS = {
    "less": "`exact`: less that of the exact optima at the same x",
    "of": "`exact`: that of the exact optima, which has no error of sampling",
}
VALUES = {"less": ("exact",), "of": ("exact",)}


def optimal_rate_exponent(
    results: Results, runs: pd.DataFrame, less: str | None = None, of: str | None = None
) -> tuple[float, float, float, int]:
    """Return the exponent of the case that the runs belong to, with its bootstrap interval over seeds.

    NaN where the case is refused, or no theory knows what is asked. Raises LawbookError for runs of several cases.
    """
    rows = rows_of_case(results, "exponents", runs)
    if rows.empty or rows["status"].iloc[0] != FitStatus.OK:
        return np.nan, np.nan, np.nan, len(runs)
    row = rows.iloc[0]
    value, low, high, exact = (float(row[name]) for name in ("exponent", "low", "high", "exact"))
    if of == "exact":
        value = low = high = exact
    taken_off = exact if less == "exact" else 0.0
    return value - taken_off, low - taken_off, high - taken_off, int(row["n_runs"])


quantity = Quantity(optimal_rate_exponent, of="optimal_rate", options=OPTIONS, values=VALUES)
