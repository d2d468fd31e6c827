"""The mean of a column over one group of runs, those whose value lies between two."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.claims.quantities.mean import mean
from lawbook.claims.quantities.share_between import OPTIONS
from lawbook.results.reader import Results


def mean_between(
    results: Results, runs: pd.DataFrame, column: str, *, low: float, high: float
) -> tuple[float, float, float, int]:
    """Compute the mean of the values in [low, high], as `mean` does of all, with its t interval over repeats.

    A run without a value makes the estimate NaN: to which group it belongs is not known.
    """
    values = runs[column].astype(float)
    return mean(results, runs[values.isna() | values.between(low, high)], column)


quantity = Quantity(mean_between, of_column=True, options=OPTIONS, needed=tuple(OPTIONS))
