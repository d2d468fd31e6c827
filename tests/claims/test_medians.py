"""Quantities of repeats one by one: ratios of medians, the place of a peak, and how often a law is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.claims.quantities import quantities
from lawbook.claims.quantities._medians import median_interval
from lawbook.errors import LawbookError
from lawbook.theory.gaussian_regression import mean_risk

WIDTHS = np.array([5, 10, 20, 30, 40, 50, 80, 160, 320])


def runs_of(loss: np.ndarray, seeds: int = 8, noise: float = 0.05) -> pd.DataFrame:
    """Return runs whose loss at each width is this, times a number of their own."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {"width": width, "seed": seed, "loss": value * np.exp(noise * rng.standard_normal())}
        for seed in range(seeds)
        for width, value in zip(WIDTHS, loss, strict=True)
    )


@pytest.mark.parametrize("n", [6, 10, 33])
def test_the_interval_of_a_median_is_where_the_sign_test_does_not_reject(n: int) -> None:
    values = np.random.default_rng(n).standard_cauchy(n)
    middle, low, high = median_interval(values)
    assert middle == np.median(values)
    assert low < middle < high

    def p(at: float) -> float:
        return float(stats.binomtest(int((values > at).sum()), n).pvalue)

    assert p(np.nextafter(low, 99)) > 0.05 >= p(np.nextafter(low, -99))
    assert p(np.nextafter(high, -99)) > 0.05 >= p(np.nextafter(high, 99))


def test_few_or_missing_values_have_no_interval() -> None:
    assert np.isnan(median_interval([1.0, 2.0, 3.0, 4.0, 5.0])[1:]).all()
    assert np.isnan(median_interval([1.0, np.nan])).all()
    assert np.isnan(median_interval([])).all()


def test_a_ratio_of_medians_is_paired_and_bears_a_heavy_tail() -> None:
    runs = runs_of(100.0 / WIDTHS, seeds=12)
    runs["loss"] *= 1.0 + 1e6 * ((runs["seed"] == 0) & (runs["width"] == 10))
    compute = quantities["median_ratio"].compute
    value, low, high, n = compute(None, runs, "loss", of={"width": 10}, over={"width": 320})
    each = runs[runs["width"] == 10]["loss"].to_numpy() / runs[runs["width"] == 320]["loss"].to_numpy()
    assert (value, n) == (pytest.approx(np.median(each)), 24)
    assert low < 32 < high < 40
    with pytest.raises(LawbookError, match="no runs have width 7"):
        compute(None, runs, "loss", of={"width": 7}, over={"width": 320})
    assert np.isnan(compute(None, runs.assign(loss=np.nan), "loss", over={"width": 320})[0])


def test_a_ratio_to_an_exact_curve_is_that_of_each_run() -> None:
    samples = np.repeat([50, 800], 8)
    risk = mean_risk(200, samples, 1.0, 0.5) * np.tile(np.linspace(0.9, 1.3, 8), 2)
    runs = pd.DataFrame({
        "task": "gaussian_regression", "model": "min_norm", "dimension": 200, "samples": samples, "n_train": samples,
        "signal": 1.0, "noise": 0.5, "seed": np.tile(np.arange(8), 2), "test_loss": risk,
    })  # fmt: skip
    value, low, high, n = quantities["median_ratio"].compute(
        None, runs, "test_loss", over="gaussian_regression"
    )
    assert (value, low, high, n) == (pytest.approx(1.1), pytest.approx(0.9), pytest.approx(1.3), 16)


def test_a_peak_is_where_each_repeat_is_largest() -> None:
    peaked = runs_of(1.0 + 50.0 * (WIDTHS == 40))
    assert quantities["peak_place"].compute(None, peaked, "loss", x="width") == (40, 40, 40, len(peaked))
    with pytest.raises(LawbookError, match="'depth' is no column"):
        quantities["peak_place"].compute(None, peaked, "loss", x="depth")


def test_a_law_is_refused_through_a_peak_and_not_along_a_power() -> None:
    power, peaked = 3.0 * WIDTHS**-0.5, 0.2 + 30.0 / (0.1 + np.abs(WIDTHS - 40))
    share = quantities["refused_share"].compute
    *values, n = share(None, runs_of(peaked), "loss", x="width")
    assert (values[0], values[2], n) == (1.0, 1.0, 8 * len(WIDTHS))
    assert values[1] == pytest.approx(0.025 ** (1 / 8))
    assert share(None, runs_of(power, noise=0.01), "loss", x="width")[0] == 0.0
    with pytest.raises(LawbookError, match="'depth' is no column"):
        share(None, runs_of(power), "loss", x="depth")
