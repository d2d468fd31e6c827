"""How far a loss is the sum over tasks that are not learned."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses.staged_learning.compute import staircase_ratios, task_losses
from lawbook.claims.quantities import Quantity
from lawbook.laws.repeats import mean_interval
from lawbook.results.reader import Results

BITS = 0.5
"""A task counts as learned below half of a guess's loss: half-learned ones then err to both sides."""


def staircase_ratio(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Compute the mean over runs of Σ_k p_k b [k unlearned] / test loss, b = 1 bit, with its t interval over runs.

    It is 1 if every task is either not learned at all or perfectly. The runs should differ in their seed alone.
    """
    if runs.empty:
        return np.nan, np.nan, np.nan, 0
    ratios = staircase_ratios(task_losses(results, runs), runs, BITS)
    return *mean_interval(ratios), len(ratios)


quantity = Quantity(staircase_ratio)
