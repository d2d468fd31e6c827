"""Whether what is read at a level goes up or down along x: a rank correlation."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from lawbook.analyses.at_level.quantities.at_level import METRIC, read_there
from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.law import Array
from lawbook.laws.repeats import independent, t_reach
from lawbook.results.reader import Results


def at_level_rank(
    results: Results, runs: pd.DataFrame, metric: str | None = None
) -> tuple[float, float, float, int]:
    """Compute Spearman's ρ of y against x over all runs, with the jackknife's t interval over independent repeats.

    A bootstrap would draw repeats twice, whose ties move the ranks. NaN where a run does not reach the level, and
    without two values of x. Raises LawbookError for a metric that is not read, and without repeats.
    """
    rows = read_there(results, runs, metric)
    n = len(rows)
    if rows["y"].isna().any() or rows["x"].nunique() < 2:
        return np.nan, np.nan, np.nan, n
    repeats = independent(rows)
    if not repeats:
        raise LawbookError("a rank correlation with an interval needs repeats; sweep a seed")
    each = [part[["x", "y"]].to_numpy(dtype=float) for _, part in rows.groupby(repeats)]
    value = _spearman(np.concatenate(each))
    if len(each) < 3:
        return value, np.nan, np.nan, n
    without = np.array([_spearman(np.concatenate(each[:i] + each[i + 1 :])) for i in range(len(each))])
    half = float(t_reach(len(each))) * float(np.sqrt((len(each) - 1) * without.var()))
    return value, max(value - half, -1.0), min(value + half, 1.0), n


def _spearman(pairs: Array) -> float:
    """Return the correlation of the ranks of pairs (n, 2), ties at their mean rank."""
    ranks = rankdata(pairs, axis=0)
    return float(np.asarray(np.corrcoef(ranks.T))[0, 1])


quantity = Quantity(at_level_rank, of="at_level", options=METRIC)
