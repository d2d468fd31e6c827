"""How often runs end in a phase of learning."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from lawbook.analyses.grokking.block import PHASES
from lawbook.claims.quantities import Quantity
from lawbook.results.reader import Results


def phase_share(results: Results, runs: pd.DataFrame, phase: str) -> tuple[float, float, float, int]:
    """Compute the share of runs in a phase, k/n, with its exact binomial interval.

    A run of which nothing is known makes the estimate NaN: a share of the others would be biased.
    Source: Clopper and Pearson 1934, Biometrika 26:404.
    """
    rows = results.table("runs")
    found = rows.loc[rows["run_id"].isin(runs["run_id"]), "phase"]
    if not (n := len(found)) or found.isna().any():
        return np.nan, np.nan, np.nan, n
    interval = stats.binomtest(k := int((found == phase).sum()), n).proportion_ci(0.95, method="exact")
    return k / n, float(interval.low), float(interval.high), n


quantity = Quantity(
    phase_share,
    of="grokking",
    options={"phase": f"one of {', '.join(PHASES)}"},
    needed=("phase",),
    values={"phase": PHASES},
)
