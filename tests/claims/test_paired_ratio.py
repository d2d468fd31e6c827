"""Ratios of a column between runs of the same seeds."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pandas as pd
import pytest

from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError

RUNS = pd.DataFrame(
    {
        "run_id": list("abcdef"),
        "seed": [0, 0, 1, 1, 2, 2],
        "rate": [1, 2] * 3,
        "y": [1.0, 3.0, 2.0, 8.0, 4.0, 20.0],
    }
)


def ratio(runs: pd.DataFrame, **options: Any) -> tuple[float, float, float, int]:
    return cast(Any, quantities["paired_ratio"].compute(cast(Any, None), runs, "y", **options))


def test_the_ratio_is_the_mean_over_seeds_with_its_interval() -> None:
    value, low, high, n = ratio(RUNS, of={"rate": 2}, over={"rate": 1})

    # Ratios 3, 4 and 5: mean 4, deviation 1, t of 2 degrees of freedom 4.3027.
    assert (value, n) == (pytest.approx(4.0), 6)
    assert (low, high) == (
        pytest.approx(4 - 4.3027 / np.sqrt(3), rel=1e-4),
        pytest.approx(4 + 4.3027 / np.sqrt(3), rel=1e-4),
    )


def test_a_seed_with_one_side_alone_leaves_no_estimate() -> None:
    assert np.isnan(ratio(RUNS[:-1], of={"rate": 2}, over={"rate": 1})[0])
    assert np.isnan(ratio(RUNS.assign(y=[1, np.nan, 2, 8, 4, 20]), of={"rate": 2}, over={"rate": 1})[0])


def test_a_selection_of_nothing_is_refused() -> None:
    with pytest.raises(LawbookError, match="selects no run"):
        ratio(RUNS, of={"rate": 3}, over={"rate": 1})
    with pytest.raises(LawbookError, match="write which runs"):
        ratio(RUNS, of=3, over={"rate": 1})
