"""The median of a column: past runs that never get there, with an interval that covers as often as it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.claims.quantities import quantities
from lawbook.claims.quantities.median import NEVER


def reached(steps: list[float], last: float = 100.0) -> pd.DataFrame:
    """Return runs that cross a level at these steps, NaN for never until the last one."""
    found = pd.Series(steps, dtype=float)
    low = found.where(found.notna(), last)
    return pd.DataFrame(
        {"step": found, "step_low": low, "step_high": found, "status": "ok", "seed": range(len(found))}
    )


def test_a_median_is_that_of_all_runs_also_of_those_that_never_cross() -> None:
    compute = quantities["median"].compute
    estimate, low, high, n = compute(None, reached([*range(1, 13), np.nan, np.nan]), "step")
    assert (estimate, n) == (7.5, 14)
    assert (low, high) == (3, 12)  # P(X < 3) = 0.0065 and P(X < 4) = 0.029 of B(14, 1/2)
    assert compute(None, reached([1, 2, 3, np.nan, np.nan, np.nan]), "step")[4] == NEVER
    assert np.isnan(compute(None, reached([1, 2, 3]), "step")[1:3]).all()
    unknown = reached([1.0, np.nan]).assign(step_low=np.nan)
    assert np.isnan(compute(None, unknown, "step")[0])


def test_the_interval_of_a_median_covers_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        _, low, high, _ = quantities["median"].compute(
            None, pd.DataFrame({"y": rng.exponential(size=16)}), "y"
        )
        covered.append(low <= np.log(2) <= high)
    assert np.mean(covered) == pytest.approx(1 - 2 * stats.binom.cdf(3, 16, 0.5), abs=0.03)
