"""How many runs have a value of a column between two: of two groups of runs, how few lie in neither."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results

OPTIONS = {"low": "the least value that counts", "high": "the largest value that counts"}


def share_between(
    results: Results, runs: pd.DataFrame, column: str, *, low: float, high: float
) -> tuple[float, float, float, int]:
    """Compute the share of runs whose value lies in [low, high], k/n, with its exact binomial interval.

    A run without a value makes the estimate NaN: a share of the others would be biased.
    Source: Clopper and Pearson 1934, Biometrika 26:404.
    """
    n, values = len(runs), runs[column].to_numpy(dtype=float)
    if not n or np.isnan(values).any():
        return np.nan, np.nan, np.nan, n
    k = int(((values >= low) & (values <= high)).sum())
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    return k / n, float(interval.low), float(interval.high), n


quantity = Quantity(share_between, of_column=True, options=OPTIONS, needed=tuple(OPTIONS))
