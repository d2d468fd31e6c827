"""What the metrics of the downstream view are called, and which of them a reader is shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.laws.repeats import t_reach
from lawbook.results.words import plain

_NAMES = {
    "token_accuracy": "accuracy per token",
    "token_brier": "Brier score",
    "exact_match": "exact match",
    "pass_until": "PassUntil",
    "pass_probability": "probability to pass",
    "passes_by_samples": "passes by samples, r/n",
}


def metric_name(metric: str, length: Any = None) -> str:
    """Return what a metric is called, with the length of its answers.

    >>> metric_name("exact_match", 4), metric_name("test_error")
    ('exact match of 4', 'test error')
    """
    name = _NAMES.get(metric, plain(metric))
    return name if length is None or length != length else f"{name} of {int(length)}"


def ratio_to_truth(values: pd.DataFrame, estimator: str) -> tuple[float, float, float]:
    """Return the mean of an estimator over that of the probability to pass, with its 95 % t interval over runs.

    values: the table of the analysis. The interval is of the difference run by run, since runs differ in what they
    estimate.
    """
    of_runs = values[values["metric"].isin([estimator, "pass_probability"])]
    each = of_runs.pivot_table(index="run_id", columns="metric", values="value", dropna=False)
    truth = each["pass_probability"].to_numpy(dtype=float)
    off = each[estimator].to_numpy(dtype=float) - truth
    half = (
        float(t_reach(np.array(len(off)))) * off.std(ddof=1) / np.sqrt(len(off)) if len(off) > 1 else np.nan
    )
    middle, scale = float(off.mean()), float(truth.mean())
    return 1 + middle / scale, 1 + (middle - half) / scale, 1 + (middle + half) / scale
