"""How far a frontier of pruning lies below its control."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.frontier import pareto
from lawbook.laws.repeats import independent
from lawbook.results.reader import Results
from lawbook.results.selection import OF_SELECTION
from lawbook.studies.roles import REPEATS

RANDOM = "random"
FREE = (*REPEATS, "keep_fraction", "samples", "steps")
"""Axes in which the runs may differ: of repeats, of pools, and what follows from these."""


def frontier_ratio(results: Results, runs: pd.DataFrame) -> tuple[float, float, float, int]:
    """Compute the least mean error over pools, divided by that of random pruning, with its interval over pools.

    The runs are those of one number of kept examples, of one selection and of random pruning; `where` chooses them.
    Unpruned runs belong to both. The pool is chosen on one half of the repeats (folds where they vary, else seeds)
    and read on the other. Raises LawbookError for runs of several numbers or selections.
    """
    whole = runs["keep_fraction"] == 1
    scored = ~whole & (runs["metric"] != RANDOM)
    _check(runs, results.axes)
    found = pareto(runs[scored | whole], runs[~scored], y="test_error", cluster=independent(runs))
    low, high = found.interval(
        np.log(found.draws / found.control_draws), np.log(found.estimate / found.control)
    )
    ratio = float(found.estimate[0] / found.control[0])
    return ratio, float(np.exp(low[0])), float(np.exp(high[0])), len(runs)


def _check(runs: pd.DataFrame, axes: Sequence[str]) -> None:
    """Raise LawbookError for runs of several numbers of kept examples, or of several selections."""
    kept = (runs["keep_fraction"] * runs["samples"]).round().astype(int)
    scored = (runs["keep_fraction"] < 1) & (runs["metric"] != RANDOM)
    compared = runs.assign(kept=kept)
    for axis in [axis for axis in axes if axis not in FREE]:
        values = compared.loc[scored if axis in OF_SELECTION else runs.index, axis].dropna().unique()
        if len(values) > 1:
            listed = ", ".join(str(value) for value in values)
            raise LawbookError(
                f"frontier_ratio needs runs of one {axis}, not of {listed}; write one under where"
            )


quantity = Quantity(frontier_ratio, _check)
