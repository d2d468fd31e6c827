"""The exponent γ of t* ∝ N^γ at which learning curves of several sizes collapse."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results
from lawbook.storage.status import FitStatus

OPTIONS = {
    "of": "size: the exponent 1/(1 + γ) of N* in compute C ∝ N t*, in place of γ",
    "less": "`exact`: less that of the exact curves by the same estimator",
}


def collapse_exponent(
    results: Results, runs: pd.DataFrame, of: str = "time", less: str | None = None
) -> tuple[float, float, float, int]:
    """Return γ of the case that the runs belong to, with its bootstrap interval over seeds.

    NaN where the case is refused, or no theory knows what is to be subtracted. Raises LawbookError for runs of several
    cases.
    """
    rows = rows_of_case(results, "exponents", runs)
    if rows.empty or rows["status"].iloc[0] != FitStatus.OK:
        return np.nan, np.nan, np.nan, len(runs)
    row = rows.iloc[0]
    value, low, high, exact = (float(row[name]) for name in ("exponent", "low", "high", "exact"))
    if of == "size":
        value, low, high, exact = (1 / (1 + end) for end in (value, high, low, exact))
    taken_off = 0.0 if less is None else exact
    return value - taken_off, low - taken_off, high - taken_off, int(row["n_runs"])


quantity = Quantity(
    collapse_exponent, of="collapse", options=OPTIONS, values={"of": ("time", "size"), "less": ("exact",)}
)
