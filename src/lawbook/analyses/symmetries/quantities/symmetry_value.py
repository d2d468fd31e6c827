"""A singular value of the logarithmic derivatives: what tells a symmetry from what is almost one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.results.reader import Results
from lawbook.results.words import count

OPTIONS = {"place": "which value, from the smallest one, 1"}


def symmetry_value(results: Results, runs: pd.DataFrame, place: int) -> tuple[float, float, float, int]:
    """Return a singular value over the largest, give or take what the errors of the derivatives may move it by.

    NaN where the search is refused. Raises LawbookError for a place that there is not.
    """
    values, n_runs = results.table("values"), int(results.table("summary")["n_runs"].iloc[0])
    if values.empty:
        return np.nan, np.nan, np.nan, n_runs
    row = values[values["place"] == place]
    if row.empty:
        have = count(len(values), "singular value")
        raise LawbookError(f"place = {place!r}; there are {have}, write 1 to {len(values)}")
    value, low, high = (float(row[name].iloc[0]) for name in ("value", "low", "high"))
    return value, low, high, n_runs


quantity = Quantity(symmetry_value, of="symmetries", options=OPTIONS, needed=("place",))
