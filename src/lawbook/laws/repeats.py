"""Independent repeats: which column of a table tells them apart, and a mean over them with its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from lawbook.laws.law import Array


def independent(runs: pd.DataFrame) -> list[str]:
    """Return the column whose values are independent repeats: the test folds if there are several, else the seeds.

    Empty where the table has neither: each run is then a repeat of its own. Seeds of one fold share its test
    images, so their errors move together: an interval over all of them would be narrower than the test images allow.
    Where the rows are evaluations along runs (a `run_id` stands in several), and no seed repeats them, the runs are
    what is independent.
    """
    folds = "fold" in runs.columns and len(runs["fold"].unique()) > 1
    seeds = "seed" in runs.columns and len(runs["seed"].unique()) > 1
    if not (folds or seeds) and "run_id" in runs.columns and runs["run_id"].duplicated().any():
        return ["run_id"]
    return [column for column in ("fold" if folds else "seed",) if column in runs.columns]


def mean_interval(
    values: ArrayLike, level: float = 0.95, shared: float | None = None
) -> tuple[float, float, float]:
    """Compute x̄ and its interval x̄ ± t_{n−1} s / √n, of values (n,) of independent repeats.

    shared: r, where the repeats share training data; then x̄ ± t_{n−1} s √(1/n + r) (Nadeau and Bengio 2003, Machine
    Learning 52:239). NaN ends for one value, all three for none or for a value that is missing: a mean over the
    others would be biased.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n < 2:
        return float(x[0]) if n else np.nan, np.nan, np.nan
    mean, half = float(x.mean()), float(t_reach(n, level)) * float(x.std(ddof=1))
    half = half / np.sqrt(n) if shared is None else half * np.sqrt(1 / n + shared)
    return mean, float(mean - half), float(mean + half)


def t_reach(n: ArrayLike, level: float = 0.95) -> Array:
    """Return how many standard errors an interval over n repeats reaches: Student's t_{n−1}, NaN for n < 2."""
    n = np.asarray(n)
    return np.where(n > 1, stdtrit(np.maximum(n - 1, 1), (1 + level) / 2), np.nan)
