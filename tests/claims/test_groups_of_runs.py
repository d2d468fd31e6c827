"""Shares and means of the runs whose value lies between two."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.claims.quantities import quantities


def test_shares_and_means_are_those_of_the_runs_between_two_values() -> None:
    runs = pd.DataFrame({"error": [0.0, 0.0, 0.12, 0.13, 0.125, 0.5], "seed": range(6)})
    options = {"low": 0.05, "high": 0.2}
    share, low, high, n = quantities["share_between"].compute(None, runs, "error", **options)
    interval = stats.binomtest(3, 6).proportion_ci(method="exact")
    assert (share, low, high, n) == (0.5, interval.low, interval.high, 6)
    mean, low, high, n = quantities["mean_between"].compute(None, runs, "error", **options)
    assert (mean, n) == (pytest.approx(0.125), 3)
    assert low < mean < high
    missing = runs.assign(error=runs["error"].where(runs["seed"] > 0))
    for name in ("share_between", "mean_between"):
        assert np.isnan(quantities[name].compute(None, missing, "error", **options)[0])
