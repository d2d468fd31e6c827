"""How often runs reach a level: the share of them whose derived column has a value."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.claims.quantities import Quantity
from lawbook.results.derived import is_censored
from lawbook.results.reader import Results
from lawbook.storage.status import RunStatus


def share_reaching(results: Results, runs: pd.DataFrame, column: str) -> tuple[float, float, float, int]:
    """Compute the share of runs that reach a column's level, k/n, with its exact binomial interval.

    A run that does not by its last evaluation, or that diverges before it does, has not reached it. A run of which
    nothing is known makes the estimate NaN: a share of the others would be biased.
    Source: Clopper and Pearson 1934, Biometrika 26:404.
    """
    n, reached = len(runs), runs[column].notna().to_numpy(dtype=bool)
    unknown = (
        ~reached & ~is_censored(runs, column) & (runs["status"] != RunStatus.DIVERGED).to_numpy(dtype=bool)
    )
    if not n or unknown.any():
        return np.nan, np.nan, np.nan, n
    interval = stats.binomtest(k := int(reached.sum()), n).proportion_ci(0.95, method="exact")
    return k / n, float(interval.low), float(interval.high), n


quantity = Quantity(share_reaching, of_column=True, of_crossing=True)
