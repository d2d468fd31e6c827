"""The critical batch size of the trade of steps against examples."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results

OPTIONS = {"over": "`exact`: as a ratio to what the same estimator finds on exact losses"}


def critical_batch(
    results: Results, runs: pd.DataFrame, over: str | None = None
) -> tuple[float, float, float, int]:
    """Return B_c with its bootstrap interval over seeds; NaN as a ratio where no theory knows the losses."""
    row = results.table("trade_off").iloc[0]
    scale = float(row["exact"]) if over == "exact" else 1.0
    value, low, high = (float(row[name]) / scale for name in ("critical_batch", "low", "high"))
    return value, low, high, int(row["n_runs"])


quantity = Quantity(critical_batch, of="critical_batch", options=OPTIONS, values={"over": ("exact",)})
