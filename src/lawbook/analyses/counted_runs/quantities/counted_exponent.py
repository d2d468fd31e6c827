"""The exponent of the best size of trained runs in compute, by one rule of counting or by two."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.counted_runs.counts import COMPUTES, SIZES, TOTAL
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results

OPTIONS = {
    "count": "total (the default), non_embedding or matrices: what sizes and compute count",
    "compute_count": "what compute counts, where that differs; or exact",
    "less": "`total`: less the exponent in which sizes and compute count all parameters, over the same draws",
}


def counted_exponent(
    results: Results,
    runs: pd.DataFrame,
    count: str = TOTAL,
    compute_count: str | None = None,
    less: str | None = None,
) -> tuple[float, float, float, int]:
    """Return the exponent over the budgets with its interval; NaN where too few budgets have a best size inside."""
    table = results.table("exponents")
    rows = table[(table["size_rule"] == count) & (table["compute_rule"] == (compute_count or count))]
    if rows.empty:
        return float("nan"), float("nan"), float("nan"), 0
    row = rows.iloc[0]
    names = ("exponent", "low", "high") if less is None else ("rise", "rise_low", "rise_high")
    value, low, high = (float(row[name]) for name in names)
    return value, low, high, int(row["n_runs"])


quantity = Quantity(
    counted_exponent,
    of="counted_runs",
    options=OPTIONS,
    values={"count": SIZES, "compute_count": COMPUTES, "less": (TOTAL,)},
)
