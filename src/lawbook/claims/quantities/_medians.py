"""The median of independent repeats, with an interval that asks nothing of their distribution."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import binom

from lawbook.laws.repeats import independent


def median_interval(values: ArrayLike, level: float = 0.95) -> tuple[float, float, float]:
    """Compute the median of values (n,) and the order statistics between which it lies, x_(k) to x_(n+1-k).

    k is the largest with P(Bin(n, 1/2) < k) ≤ (1 - level)/2: the interval of the sign test. NaN ends below six values,
    which say too little for 95 %; all NaN for none, or where one is missing.
    """
    x = np.sort(np.asarray(values, dtype=float))
    if not len(x) or np.isnan(x).any():
        return np.nan, np.nan, np.nan
    k = int(binom.ppf((1 - level) / 2, len(x), 0.5))
    if k < 1:
        return float(np.median(x)), np.nan, np.nan
    return float(np.median(x)), float(x[k - 1]), float(x[-k])


def medians(runs: pd.DataFrame, column: str) -> pd.Series:
    """Return the median of a column of the runs of each independent repeat: a fold, a seed, or else a run."""
    keys = [runs[axis] for axis in independent(runs) or ["run_id"]]
    return runs[column].astype(float).groupby(keys, dropna=False).median()
