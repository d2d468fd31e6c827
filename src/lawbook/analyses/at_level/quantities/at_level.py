"""The mean of what is read where a metric reaches a level."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.claims.quantities.mean import mean
from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results

METRIC = {"metric": "which of the metrics that are read; it may be left out where there is one"}


def at_level(
    results: Results, runs: pd.DataFrame, metric: str | None = None
) -> tuple[float, float, float, int]:
    """Compute the mean over independent repeats, with its t interval; NaN where a run does not reach the level.

    Raises LawbookError for a metric that is not read.
    """
    return mean(results, read_there(results, runs, metric), "y")


def read_there(results: Results, runs: pd.DataFrame, metric: str | None) -> pd.DataFrame:
    """Return those of the runs that the analysis compares, with the column `y` of one metric, and `x`."""
    values = results.table("values")
    names = list(values["metric"].unique())
    if metric is None and len(names) > 1:
        raise LawbookError(f"several metrics are read; add the option metric: one of {', '.join(names)}")
    if metric is not None and metric not in names:
        raise LawbookError(f"metric = {metric!r} is not read; {suggest(metric, names)}")
    of_one = values[values["metric"] == (metric or names[0])] if names else values
    rest = runs.drop(columns=[name for name in ("x", "y") if name in runs])
    return rest.merge(of_one[["run_id", "x", "y"]], on="run_id")


quantity = Quantity(at_level, of="at_level", options=METRIC)
