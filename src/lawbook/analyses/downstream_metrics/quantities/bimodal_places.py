"""At how many x the seeds are two groups."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results

OPTIONS = {"metric": "a column that the analysis follows, or one of its metrics of answers"}


def bimodal_places(results: Results, runs: pd.DataFrame, metric: str) -> tuple[float, float, float, int]:
    """Return the number of x at which the best cut parts the seeds of a metric into two groups.

    It is a count of decisions, each at 1 % under uniform seeds, and has no interval. Raises LawbookError for a metric
    that the analysis does not follow.
    """
    metrics = results.table("metrics")
    rows = metrics[metrics["metric"] == metric]
    if rows.empty:
        fix = suggest(metric, list(metrics["metric"].unique()))
        raise LawbookError(f"metric = {metric!r} is not followed; {fix}")
    n = float(rows.groupby("x")["bimodal"].max().eq(1).sum())
    return n, n, n, int(rows["n_seeds"].sum())


quantity = Quantity(bimodal_places, of="downstream_metrics", options=OPTIONS, needed=("metric",))
