"""How many times smaller the difference to the next rate becomes when rates halve."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses.rate_limit.quantities.richardson_ratio import limit_at
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def halving_ratio(results: Results, runs: pd.DataFrame, time: float) -> tuple[float, float, float, int]:
    """Return (y(4η) - y(2η)) / (y(2η) - y(η)) at the three smallest rates, with its interval over seeds.

    2 where y is linear in η: then the limit exists and is approached at first order. NaN where rates do not halve.
    Raises LawbookError for runs of several cases, and for a time that was not run.
    """
    row = limit_at(results, runs, time)
    if row is None:
        return np.nan, np.nan, np.nan, len(runs)
    value, low, high = (float(row[name]) for name in ("halving", "halving_low", "halving_high"))
    return value, low, high, int(row["n_runs"])


quantity = Quantity(
    halving_ratio,
    of="rate_limit",
    options={"time": "η · steps, the time at which it is told"},
    needed=("time",),
)
