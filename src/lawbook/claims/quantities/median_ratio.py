"""How many times as large a column is in some runs as in others, or as theory says: the median over repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.claims.quantities._medians import median_interval, medians
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.results.reader import Results
from lawbook.results.selection import where
from lawbook.results.words import conditions

OPTIONS = {
    "of": "the runs that are the numerator, {axis: value}; all of them where it is left out",
    "over": "the runs that are the denominator, {axis: value}, or the name of an exact curve",
}


def median_ratio(
    results: Results,
    runs: pd.DataFrame,
    column: str,
    *,
    over: Mapping[str, Any] | str,
    of: Mapping[str, Any] | None = None,
) -> tuple[float, float, float, int]:
    """Compute the median over repeats of the ratio within one, with the interval of the sign test.

    For what has a heavy tail, such as a loss where as many features as examples make it infinite in the mean: there the
    ratio of two means is that of their largest values. Within a repeat the ratio is that of the medians of both sides,
    or over an exact curve the median of y / exact. A run without a value, or with an exact one, makes it NaN. Raises
    LawbookError where no runs are left, or no repeat has both sides.
    """
    of = of or {}
    sides = [(of, where(runs, of))]
    if not isinstance(over, str):
        sides.append((over, where(runs, over)))
    for side, rows in sides:
        if rows.empty:
            raise LawbookError(f"no runs have {conditions(side)}; mend the options of and over")
    n = sum(len(rows) for _, rows in sides)
    if any(rows[column].isna().any() for _, rows in sides):
        return np.nan, np.nan, np.nan, n
    numerator = sides[0][1]
    if isinstance(over, str):
        ratio = numerator[column] / exact_curves[over](numerator, "n_train", column)
        return (
            *median_interval(medians(numerator.assign(ratio=ratio), "ratio") if ratio.notna().all() else []),
            n,
        )
    pairs = pd.concat([medians(rows, column) for _, rows in sides], axis=1, join="inner").to_numpy(float)
    if not len(pairs):
        raise LawbookError("no repeat is on both sides; sweep a seed or a fold that they share")
    return *median_interval(pairs[:, 0] / pairs[:, 1]), n


quantity = Quantity(median_ratio, of_column=True, options=OPTIONS, needed=("over",))
