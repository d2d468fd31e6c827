"""The mean of a column of the runs: a metric, a measurement or a derived column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.reader import Results


def mean(results: Results, runs: pd.DataFrame, column: str) -> tuple[float, float, float, int]:
    """Compute the mean over independent repeats of a column's mean within one, with its t interval.

    A run without a value makes the estimate NaN: a mean over the others would be biased.
    """
    values = runs[column].astype(float)
    if values.isna().any() or values.empty:
        return np.nan, np.nan, np.nan, len(runs)
    means = values.groupby([runs[axis] for axis in independent(runs) or ["run_id"]], dropna=False).mean()
    return *mean_interval(means), len(runs)


quantity = Quantity(mean, of_column=True)
