"""How the steps after which a task is learned depend on its frequency."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.analyses.staged_learning.compute import lines_of_runs, steps_to_learn, task_losses
from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.repeats import mean_interval
from lawbook.results.reader import Results
from lawbook.studies.identity import STANDING_FOR_OTHERS

BITS = 0.1
"""A task is learned at its first evaluation below so many bits, as in Michaud et al. 2023."""


def learning_slope(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Compute the mean over seeds of b in log(steps to learn) = a + b log p, with its t interval over seeds.

    Each seed's line is fitted to all of its tasks by maximum likelihood, steps known between two evaluations and
    tasks that were not learned censored at the last. Threshold learning has b = -1. NaN where a seed learned fewer
    than three tasks. Raises LawbookError for runs that differ in more than their seed.
    """
    if runs.empty:
        return np.nan, np.nan, np.nan, 0
    lines = [line for _, line in lines_of_runs(steps_to_learn(task_losses(results, runs), BITS))]
    slopes = np.array([np.nan if line is None else line.slope for line in lines])
    return *mean_interval(slopes), len(slopes)


def _check(runs: pd.DataFrame, axes: Sequence[str]) -> None:
    for axis in axes:
        if axis not in ("seed", *STANDING_FOR_OTHERS) and len(runs[axis].dropna().unique()) > 1:
            raise LawbookError(f"learning_slope needs runs of one {axis}; write one under where")


quantity = Quantity(learning_slope, _check)
