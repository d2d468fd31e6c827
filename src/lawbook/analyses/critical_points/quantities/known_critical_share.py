"""The share of critical points that theory knows."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.laws.repeats import mean_interval
from lawbook.results.reader import Results


def known_critical_share(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the share of the points found whose loss and index are those of a known critical point, over seeds.

    With its t interval; NaN where none are known.
    """
    found = results.table("seeds")["known"]
    return *mean_interval(found), len(found)


quantity = Quantity(known_critical_share, of="critical_points")
