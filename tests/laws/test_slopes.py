"""Local slopes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import local_slopes

Simulate = Callable[..., pd.DataFrame]


def test_a_power_law_has_one_slope(simulate: Simulate) -> None:
    slopes = local_slopes(simulate("power", 3, rng=np.random.default_rng(0), noise=0.0), y="y", x="x")
    assert len(slopes) == 7
    np.testing.assert_allclose(slopes["slope"], -0.4, rtol=1e-10)


def test_intervals_are_those_of_paired_t_tests(simulate: Simulate) -> None:
    from scipy import stats

    table = simulate("power", 6, rng=np.random.default_rng(1), noise=0.001)
    first = local_slopes(table, y="y", x="x").iloc[0]
    wide = table.pivot_table(index="seed", columns="x", values="y").to_numpy()
    steps = np.log(wide[:, 1] / wide[:, 0]) / np.log(first.x_high / first.x_low)
    oracle = stats.ttest_1samp(steps, 0).confidence_interval(0.95)
    np.testing.assert_allclose([first.low, first.high], [oracle.low, oracle.high], rtol=1e-4)


def test_intervals_cover(simulate: Simulate) -> None:
    rng = np.random.default_rng(2)
    hits = []
    for _ in range(150):
        slopes = local_slopes(simulate("power", 5, rng=rng), y="y", x="x")
        hits.append(slopes["low"].le(-0.4) & slopes["high"].ge(-0.4))
    assert 0.9 <= np.mean(hits) <= 0.98


def test_a_censored_point_has_no_slope() -> None:
    table = pd.DataFrame({"x": [1, 2, 4] * 2, "seed": [0] * 3 + [1] * 3, "error": [0.5, 0.2, 0.0] * 2})
    slopes = local_slopes(table, y="error", x="x", n_eval=100)
    assert np.isfinite(slopes["slope"][0])
    assert np.isnan(slopes["slope"][1])


def test_two_inputs_have_no_neighbours() -> None:
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0], "y": [1.0, 1.0], "seed": 0})
    with pytest.raises(LawbookError, match="one input"):
        local_slopes(table, y="y", x=["a", "b"])
