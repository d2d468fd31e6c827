"""The median of a column over the runs, which a few that never cross a level do not move."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.claims.quantities import Quantity
from lawbook.laws.law import Array
from lawbook.results.derived import is_censored
from lawbook.results.reader import Results
from lawbook.studies.columns_block import bounds_of

NEVER = "the median run does not cross the level"


def median(
    results: Results, runs: pd.DataFrame, column: str
) -> tuple[float, float, float, int] | tuple[float, float, float, int, str]:
    """Compute the median of a column over runs, with the interval between order statistics that needs no distribution.

    The k-th value from either end, k the largest with P(X < k) ≤ 0.025 for X ~ B(n, 1/2); below 6 runs there is none.
    A run whose value is known by its bounds alone, since it never crosses a level, counts by them. A run of which
    nothing is known makes the estimate NaN. Source: Thompson 1936, Annals of Mathematical Statistics 7:122.
    """
    n, value = len(runs), runs[column].to_numpy(dtype=float)
    low, high = value.copy(), value.copy()
    if bounds_of(column)[0] in runs:
        censored = is_censored(runs, column)
        for end, name, open_end in zip((low, high), bounds_of(column), (-np.inf, np.inf), strict=True):
            bound = runs[name].to_numpy(dtype=float)
            end[censored] = np.where(np.isnan(bound), open_end, bound)[censored]
    if not n or np.isnan(low).any() or np.isnan(high).any():
        return np.nan, np.nan, np.nan, n
    least, most = _middle(low), _middle(high)
    if most > least:
        return np.nan, np.nan, np.nan, n, NEVER
    k = int(stats.binom.ppf(0.025, n, 0.5))
    ends = (np.sort(low)[k - 1], np.sort(high)[n - k]) if k >= 1 else (np.nan, np.nan)
    return least, float(ends[0]), float(ends[1]), n


def _middle(values: Array) -> float:
    """Return the mean of the two middle values, or the one."""
    ordered = np.sort(values)
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


quantity = Quantity(median, of_column=True)
