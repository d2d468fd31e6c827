"""How much better one score prunes than another at a density."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.repeats import mean_interval
from lawbook.results.cases import rows_of_case
from lawbook.results.reader import Results

OPTIONS = {
    "density": "the share of the weights that stays",
    "of": "the score whose error is taken: magnitude, gradient or random",
    "minus": "the score whose error is taken off",
}


def score_advantage(
    results: Results, runs: pd.DataFrame, *, density: float, of: str, minus: str
) -> tuple[float, float, float, int]:
    """Compute the mean over repeats of the test error by one score less that by another, with its t interval.

    Without retraining, over all temperatures. Raises LawbookError for runs of several cases, and for a density or a
    score that was not run.
    """
    rows = rows_of_case(results, "pruned", runs)
    if rows.empty:
        return np.nan, np.nan, np.nan, len(runs)
    rows = rows[np.isclose(rows["density"], density)]
    means = []
    for score in (of, minus):
        side = rows[rows["score"] == score]
        if side.empty:
            raise LawbookError(
                f"no network was pruned by {score!r} to the density {density!r}; name what was run"
            )
        means.append(side.groupby("repeat")["error"].mean())
    return *mean_interval((means[0] - means[1]).dropna()), len(rows)


quantity = Quantity(score_advantage, of="weight_pruning", options=OPTIONS, needed=tuple(OPTIONS))
