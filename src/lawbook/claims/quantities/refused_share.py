"""How often a law is refused: the share of repeats whose own curve the law does not describe."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws import fit
from lawbook.laws.repeats import independent
from lawbook.results.reader import Results
from lawbook.storage.status import FitStatus

OPTIONS = {"x": "the column over which the law is fitted", "form": "the law; power where it is left out"}


def refused_share(
    results: Results, runs: pd.DataFrame, column: str, *, x: str, form: str = "power"
) -> tuple[float, float, float, int]:
    """Compute the share k/n of the independent repeats that refuse a law, with its exact binomial interval.

    Each repeat is fitted by itself, to the median over its runs at each x: refused are those where the law is flat,
    sits on a bound, or misses its points by more than they scatter. Raises LawbookError where no column is named x, and
    for an unknown law.

    Source: Clopper and Pearson 1934, Biometrika 26:404.
    """
    if x not in runs:
        raise LawbookError(f"x = {x!r} is no column of the runs; name one, such as samples")
    if runs[column].isna().any() or runs.empty:
        return np.nan, np.nan, np.nan, len(runs)
    refused = []
    for _, own in runs.groupby(independent(runs) or ["run_id"], dropna=False):
        curve = own.groupby(x)[column].median().reset_index()
        fitted = fit(curve, form, y=column, x=x, cluster=None, draws=20)
        refused.append(fitted.status == FitStatus.REFUSED)
    k, n = sum(refused), len(refused)
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    return k / n, float(interval.low), float(interval.high), len(runs)


quantity = Quantity(refused_share, of_column=True, options=OPTIONS, needed=("x",))
