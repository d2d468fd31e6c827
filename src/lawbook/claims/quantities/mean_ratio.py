"""How many times as large the mean of a column is in some runs as in others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.crossing import fieller
from lawbook.laws.repeats import independent
from lawbook.results.reader import Results
from lawbook.results.selection import where
from lawbook.results.words import conditions

OPTIONS = {
    "of": "the runs whose mean is the numerator, {axis: value}",
    "over": "the runs whose mean is the denominator",
}


def mean_ratio(
    results: Results, runs: pd.DataFrame, column: str, *, of: Mapping[str, Any], over: Mapping[str, Any]
) -> tuple[float, float, float, int] | tuple[float, float, float, int, str]:
    """Compute the ratio of two means of a column with Fieller's interval, over the repeats that both have in common.

    A repeat is a seed, or a fold, whose runs on both sides may share their data: the two means count as correlated.
    A run without a value makes the estimate NaN. Raises LawbookError where no runs are left, or no two repeats.

    Source: Fieller 1954, Journal of the Royal Statistical Society B 16:175.
    """
    sides = [where(runs, side) for side in (of, over)]
    for side, rows in zip((of, over), sides, strict=True):
        if rows.empty:
            raise LawbookError(f"no runs have {conditions(side)}; mend the options of and over")
    axes = independent(runs)
    if not axes:
        raise LawbookError("the ratio of two means needs repeats that both sides have; sweep a seed")
    n = sum(map(len, sides))
    if any(rows[column].isna().any() for rows in sides):
        return np.nan, np.nan, np.nan, n
    pairs = pd.concat([rows.groupby(axes)[column].mean() for rows in sides], axis=1, join="inner").to_numpy(
        float
    )
    if len(pairs) < 2:
        raise LawbookError(f"{len(pairs)} repeats are on both sides, and a ratio needs two; sweep a seed")
    covariance = np.cov(pairs.T) / len(pairs)
    means, t = pairs.mean(axis=0), stdtrit(len(pairs) - 1, 0.975)
    low, high = fieller(means[0], means[1], covariance[0, 0], covariance[1, 1], covariance[0, 1], t)
    why = "" if np.isfinite(low) else "the mean of the denominator is not told from 0"
    return float(means[0] / means[1]), float(low), float(high), n, why


quantity = Quantity(mean_ratio, of_column=True, options=OPTIONS, needed=tuple(OPTIONS))
