"""How wide the interval of a prediction of the held-out budget is."""

from __future__ import annotations

import pandas as pd

from lawbook.analyses.held_out_budget.block import METHODS, SURFACE
from lawbook.analyses.held_out_budget.words import rows_by
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def held_out_band(
    results: Results, runs: pd.DataFrame, method: str = SURFACE
) -> tuple[float, float, float, int]:
    """Return high / low − 1 of the 95 % interval of the predicted loss: known, so that its own interval is a point.

    NaN where the method is refused.
    """
    row = rows_by(results.table("predictions"), "method")[method]
    width = float(row["high"]) / float(row["low"]) - 1
    return width, width, width, int(row["n_runs"])


quantity = Quantity(
    held_out_band,
    of="held_out_budget",
    options={"method": "surface (the default), power or last"},
    values={"method": METHODS},
)
