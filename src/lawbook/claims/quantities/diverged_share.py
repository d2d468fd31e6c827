"""How often training diverges."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results
from lawbook.storage.status import RunStatus


def diverged_share(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Compute the share of runs that diverged, k/n, with its exact binomial interval.

    Source: Clopper and Pearson 1934, Biometrika 26:404.
    """
    n, k = len(runs), int((runs["status"] == RunStatus.DIVERGED).sum())
    if not n:
        return np.nan, np.nan, np.nan, 0
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    return k / n, float(interval.low), float(interval.high), n


quantity = Quantity(diverged_share)
