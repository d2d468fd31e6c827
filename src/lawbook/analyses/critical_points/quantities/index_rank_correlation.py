"""How the index of critical points rises with their loss or error."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.laws.repeats import mean_interval
from lawbook.results.reader import Results

OPTIONS = {"against": "what the index is held against: `loss`, or `error`, the share of wrong classes"}


def index_rank_correlation(
    results: Results, runs: pd.DataFrame, *, against: str
) -> tuple[float, float, float, int]:
    """Return the mean over seeds of Spearman's correlation between index and loss or error, with its t interval.

    Over the critical points that were found from the runs of a seed; 1 where the index rises with it throughout. NaN
    where the points of a seed do not differ.
    """
    found = results.table("seeds")[f"rank_{against}"]
    return *mean_interval(found), len(found)


quantity = Quantity(
    index_rank_correlation,
    of="critical_points",
    options=OPTIONS,
    needed=("against",),
    values={"against": ("loss", "error")},
)
