"""The slope of log(-log q) in log x, of a metric that is a share."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results

OPTIONS = {
    "metric": "`token_accuracy`, `exact_match` or `pass_until`",
    "length": "tokens of an answer; of token_accuracy none",
    "less": "`token`: less that of the accuracy per token over the same x",
}


def metric_slope(
    results: Results, runs: pd.DataFrame, metric: str, length: int | None = None, less: str | None = None
) -> tuple[float, float, float, int]:
    """Return the slope with its bootstrap interval over seeds; NaN where fewer than two x are resolved."""
    slopes = results.table("slopes")
    rows = slopes[
        (slopes["metric"] == metric)
        & (slopes["length"].isna() if length is None else slopes["length"] == length)
    ]
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    row = rows.iloc[0]
    names = ("slope", "low", "high") if less is None else ("less_token", "less_low", "less_high")
    value, low, high = (float(row[name]) for name in names)
    return value, low, high, int(row["n_runs"])


quantity = Quantity(
    metric_slope, of="downstream_metrics", options=OPTIONS, needed=("metric",), values={"less": ("token",)}
)
