"""An exponent of a scaling symmetry."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results

OPTIONS = {
    "along": "the symmetry, by the hyperparameter whose exponent in it is 1",
    "of": "the hyperparameter whose exponent is meant, or the metric: then its power",
}


def symmetry_exponent(
    results: Results, runs: pd.DataFrame, along: str, of: str
) -> tuple[float, float, float, int]:
    """Return by which power of `along` a hyperparameter, or the metric, is rescaled, with its interval.

    NaN where the search is refused, and where there is no such symmetry. Raises LawbookError for a column that the
    symmetries do not have.
    """
    exponents, n_runs = results.table("exponents"), int(results.table("summary")["n_runs"].iloc[0])
    rows = exponents[exponents["symmetry"] == along]
    if rows.empty:
        return np.nan, np.nan, np.nan, n_runs
    row = rows[rows["of"] == of]
    if row.empty:
        raise LawbookError(f"of = {of!r}; {suggest(of, rows['of'])}")
    value, low, high = (float(row[name].iloc[0]) for name in ("value", "low", "high"))
    return value, low, high, n_runs


quantity = Quantity(symmetry_exponent, of="symmetries", options=OPTIONS, needed=("along", "of"))
