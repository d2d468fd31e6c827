"""How much a loss suffers where the learning rate is not the best one: the mean over the rates tried."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.reader import Results
from lawbook.storage.columns import split_and_metric
from lawbook.storage.status import RunStatus

RATE = "learning_rate"
OPTIONS = {"initial": "the loss before training, that of a run that diverged; by default that of step 0"}


def rate_sensitivity(
    results: Results, runs: pd.DataFrame, column: str, *, initial: float | None = None
) -> tuple[float, float, float, int]:
    """Compute mean_η min(ℓ(η), ℓ₀) - min_η ℓ(η) of each repeat, and the mean of these with its t interval.

    ℓ₀ is the loss before training, which a run that diverged has, too: it is clipped and not left out. A run without a
    value that did not diverge makes it NaN. Raises LawbookError for runs of one learning rate, and where nothing tells
    ℓ₀. Source: Wortsman et al. 2023, arXiv:2309.14322, section 2.2, with rates in place of an integral over them.
    """
    if RATE not in runs or runs[RATE].nunique() < 2:
        raise LawbookError("the runs have one learning rate; sweep several")
    before = _before_training(results, runs, column) if initial is None else float(initial)
    diverged = (runs["status"] == RunStatus.DIVERGED).to_numpy(dtype=bool)
    clipped = np.where(diverged, before, np.minimum(runs[column].astype(float), before))
    if np.isnan(clipped).any():
        return np.nan, np.nan, np.nan, len(runs)
    keys = [runs[axis] for axis in independent(runs) or []] or [pd.Series(0, runs.index)]
    by_rate = pd.Series(clipped, runs.index).groupby([*keys, runs[RATE]], dropna=False).mean()
    of_repeat = by_rate.groupby(level=list(range(len(keys))))
    return *mean_interval(of_repeat.mean() - of_repeat.min()), len(runs)


def _before_training(results: Results, runs: pd.DataFrame, column: str) -> pd.Series:
    """Return the value of a metric at step 0 of each run."""
    split, metric = split_and_metric(column)
    curves = results.curves
    first = curves[(curves["step"] == 0) & (curves["split"] == split) & (curves["metric"] == metric)]
    found = runs["run_id"].map(first.set_index("run_id")["value"]).astype(float)
    if found.isna().any():
        raise LawbookError(f"no curve tells {column} before training; add options: {{initial: …}}")
    return found


quantity = Quantity(rate_sensitivity, of_column=True, options=OPTIONS)
