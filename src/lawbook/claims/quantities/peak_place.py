"""Where a curve peaks: the x at which a column is largest."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.claims.quantities._medians import median_interval
from lawbook.errors import LawbookError
from lawbook.laws.repeats import independent
from lawbook.results.reader import Results

OPTIONS = {"x": "the column along which the peak is sought"}


def peak_place(
    results: Results, runs: pd.DataFrame, column: str, *, x: str
) -> tuple[float, float, float, int]:
    """Compute the x at which a column is largest, the median over repeats, with the interval of the sign test.

    Each repeat has its own curve, the median over its runs at each x. A run without a value makes it NaN. Raises
    LawbookError where no column is named x.
    """
    if x not in runs:
        raise LawbookError(f"x = {x!r} is no column of the runs; name one, such as samples")
    if runs[column].isna().any() or runs.empty:
        return np.nan, np.nan, np.nan, len(runs)
    axes = independent(runs) or ["run_id"]
    curves = runs.groupby([*axes, x], dropna=False)[column].median()
    places = curves.groupby(level=list(range(len(axes)))).idxmax().map(lambda place: place[-1])
    return *median_interval(places), len(runs)


quantity = Quantity(peak_place, of_column=True, options=OPTIONS, needed=tuple(OPTIONS))
