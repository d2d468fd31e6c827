"""How often a cause, or that there is none, is decided."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.breakdown import CAUSES
from lawbook.results.reader import Results
from lawbook.storage.status import UNDECIDED

PLANTED = {"planted": "only cases with this planted cause"}

Chosen = Callable[[pd.DataFrame], "pd.Series[bool]"]


def diagnosed_share(
    results: Results, runs: pd.DataFrame, planted: str | None = None
) -> tuple[float, float, float, int]:
    """Compute k/n, of n cases those that are not undecided, with Wilson's interval.

    Raises LawbookError for a planted cause where none is known. Source: Wilson 1927, JASA 22:209.
    """
    return share_of(results, planted, lambda cases: cases["found"] != UNDECIDED)


def share_of(
    results: Results, planted: str | None, counted: Chosen, among: Chosen | None = None
) -> tuple[float, float, float, int]:
    """Return the share of the cases with what is counted, its interval, and their number; NaN without a case."""
    cases = results.table("cases")
    if (planted is not None or among is not None) and cases["planted"].isna().all():
        raise LawbookError("no cause is known; name its column under planted")
    if planted is not None:
        cases = cases[cases["planted"] == planted]
    if among is not None:
        cases = cases[among(cases)]
    if cases.empty:
        return np.nan, np.nan, np.nan, 0
    k, n = int(counted(cases).sum()), len(cases)
    interval = stats.binomtest(k, n).proportion_ci(0.95, method="wilson")
    return k / n, float(interval.low), float(interval.high), n


quantity = Quantity(diagnosed_share, of="breakdown", options=PLANTED, values={"planted": CAUSES})
