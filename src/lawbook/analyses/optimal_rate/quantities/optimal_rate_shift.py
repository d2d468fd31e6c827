"""How far the best learning rate moves from the smallest x to the largest, in factors of two."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results


def optimal_rate_shift(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return log2 of η* at the largest x over η* at the smallest, with its bootstrap interval over seeds.

    NaN where one of the two lies on an edge of the rates. Raises LawbookError for runs of several cases.
    """
    rows = rows_of_case(results, "exponents", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    row = rows.iloc[0]
    return float(row["shift"]), float(row["shift_low"]), float(row["shift_high"]), int(row["n_runs"])


quantity = Quantity(optimal_rate_shift, of="optimal_rate")
