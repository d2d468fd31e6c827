"""How the movement of one layer grows with the size of its network."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError, suggest
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

OPTIONS = {
    "layer": "`hidden 1`, `hidden 2`, … or `outputs`; over depths `first hidden`, `last hidden` or `outputs`"
}


def coordinate_slope(results: Results, runs: pd.DataFrame, layer: str) -> tuple[float, float, float, int]:
    """Return the exponent of a layer of the case that the runs belong to, with its bootstrap interval over seeds.

    NaN where it is refused. Raises LawbookError for runs of several cases, and for a layer that is not there.
    """
    rows = rows_of_case(results, "slopes", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    row = rows[rows["layer"] == layer]
    if row.empty:
        raise LawbookError(f"layer = {layer!r}; {suggest(layer, rows['layer'])}")
    value, low, high = (float(row[name].iloc[0]) for name in ("slope", "low", "high"))
    return value, low, high, int(row["n_runs"].iloc[0])


quantity = Quantity(coordinate_slope, of="coordinate_check", options=OPTIONS, needed=("layer",))
