"""The share of starts that end at a critical point."""

from __future__ import annotations

import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.laws.repeats import mean_interval
from lawbook.results.reader import Results


def critical_share(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Return the share of starts at whose end the gradient vanishes, a mean over seeds with its t interval.

    The others end where its norm is least but not 0: gradient-flat regions, Frye et al. 2021, arXiv:2003.10397.
    """
    seeds = results.table("seeds")
    return *mean_interval(seeds["found"] / seeds["starts"]), len(seeds)


quantity = Quantity(critical_share, of="critical_points")
