"""Independent repeats and the interval of a mean over them, against closed forms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.laws.repeats import independent, mean_interval, t_reach


@pytest.mark.parametrize(
    ("columns", "keys"),
    [
        ({"seed": [0, 1], "fold": [0, 1]}, ["fold"]),
        ({"seed": [0, 1], "fold": [2, 2]}, ["seed"]),
        ({"seed": [0, 1]}, ["seed"]),
        ({"fold": [0, 1]}, ["fold"]),
        ({"fold": [0, 0], "loss": [0.1, 0.2]}, []),
    ],
)
def test_repeats_are_folds_where_they_vary_else_seeds_else_single_runs(
    columns: dict[str, list[float]], keys: list[str]
) -> None:
    assert independent(pd.DataFrame(columns)) == keys


def test_the_interval_is_that_of_students_t_test() -> None:
    values = np.random.default_rng(0).standard_normal(7)

    mean, low, high = mean_interval(values, 0.9)

    known = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert mean == values.mean()
    assert (low, high) == pytest.approx((known.low, known.high), rel=1e-12)


def test_shared_training_data_widen_the_interval_as_nadeau_and_bengio_say() -> None:
    values = np.random.default_rng(1).standard_normal(10)

    mean, low, high = mean_interval(values, shared=1 / 9)
    _, alone, _ = mean_interval(values, shared=0.0)

    assert (mean - low) / (mean - alone) == pytest.approx(np.sqrt((1 / 10 + 1 / 9) / (1 / 10)), rel=1e-12)
    assert high - mean == pytest.approx(mean - low, rel=1e-12)


def test_too_few_or_missing_values_give_no_interval() -> None:
    assert np.isnan(mean_interval([])).all()
    assert mean_interval([0.5])[0] == 0.5
    assert np.isnan(mean_interval([0.5])[1:]).all()
    assert np.isnan(mean_interval([0.5, np.nan, 0.7])).all()
    np.testing.assert_array_equal(np.isnan(t_reach([0, 1, 2])), [True, True, False])
