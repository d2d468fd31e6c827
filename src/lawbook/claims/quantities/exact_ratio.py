"""How far simulation and theory agree: the ratio of measured to exact final loss or error, or of a column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words

MEASURED = ("test_loss", "test_error")
"""What a theory may give; of one that gives both, the first counts."""


def exact_ratio(
    results: Results, runs: pd.DataFrame, column: str | None = None
) -> tuple[float, float, float, int]:
    """Compute the mean over seeds of mean(y / exact) within a seed, with its t interval over seeds.

    y is the column, or the test loss where the theory with the task's name gives one, else the test error. Runs without
    a finite ratio make the estimate NaN: a mean over the others would be biased. Raises LawbookError if the runs
    are of several tasks, or of one without theory.
    """
    names = sorted(set(runs["task"]))
    if not names:
        return np.nan, np.nan, np.nan, 0
    if len(names) > 1:
        raise LawbookError(f"exact_ratio needs runs of one task, not of {enumerate_words(names)}")
    ratio = _ratio(runs, names[0], MEASURED if column is None else (column,))
    means = ratio.groupby([runs[axis] for axis in independent(runs) or ["run_id"]], dropna=False).mean()
    if not np.isfinite(ratio.to_numpy(dtype=float)).all():
        return np.nan, np.nan, np.nan, len(runs)
    return *mean_interval(means), len(runs)


def _ratio(runs: pd.DataFrame, theory: str, columns: Sequence[str]) -> pd.Series:
    for y in columns:
        exact = exact_curves[theory](runs, "n_train", y)
        if exact.notna().any():
            return runs[y] / exact
    return pd.Series(np.nan, index=runs.index)


quantity = Quantity(exact_ratio, of_column=None)
