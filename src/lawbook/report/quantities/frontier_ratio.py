"""How far a frontier of pruning lies below its control."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.frontier import pareto
from lawbook.report.results import Results

RANDOM = "random"


def quantity(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Compute the least mean error over pools, divided by that of random pruning, with its interval over pools.

    The runs are those of one number of kept examples, of one metric and of random pruning; `where` chooses them.
    The pool is chosen on one half of the seeds and read on the other. Raises LawbookError for runs of several
    numbers or metrics.
    """
    pruned = runs[(runs["metric"] != RANDOM) & (runs["keep_fraction"] < 1)]
    control = runs[(runs["metric"] == RANDOM) | (runs["keep_fraction"] == 1)]
    for column in ("n_train", "metric"):
        if len(pruned[column].unique()) != 1:
            raise LawbookError(
                f"frontier_ratio needs runs of one {column}, not {len(pruned[column].unique())}"
            )
    found = pareto(pruned, control, y="test_error")
    low, high = found.interval(
        np.log(found.draws / found.control_draws), np.log(found.estimate / found.control)
    )
    ratio = float(found.estimate[0] / found.control[0])
    return ratio, float(np.exp(low[0])), float(np.exp(high[0])), len(runs)
