"""Intervals hold the truth as often as they say; a null is refused as often as it should be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lawbook.laws import fit
from lawbook.laws.points import gather
from lawbook.laws.uncertainty import (
    LEFT_OUT,
    interval,
    jackknife,
    left_out,
    quantile_levels,
    resampling,
    wild_noise,
)
from lawbook.laws.verdict import trend

Simulate = Callable[..., pd.DataFrame]


def coverage(
    simulate: Simulate, form: str, seeds: int, sets: int, truth: tuple[float, ...]
) -> dict[str, float]:
    """Return how often the intervals of α and E, and the band at 4 × the largest x, hold the truth."""
    rng = np.random.default_rng(seeds)
    hits = {"alpha": 0, "E": 0, "prediction": 0}
    for _ in range(sets):
        fitted = fit(simulate(form, seeds, rng=rng), form, y="y", x="x", draws=300)
        for name, value in zip(fitted.law.parameters, truth, strict=True):
            if name in hits:
                hits[name] += fitted.estimates[name].low <= value <= fitted.estimates[name].high
        far = np.array([[4 * 4096.0]])
        band = fitted.predict(far).iloc[0]
        hits["prediction"] += band.low <= np.exp(fitted.law.log_predict(far, np.array(truth))[0]) <= band.high
    return {name: count / sets for name, count in hits.items() if name != "E" or form == "power_floor"}


def test_intervals_cover_in_a_small_simulation(
    simulate: Simulate, truth: dict[str, tuple[float, ...]]
) -> None:
    for seeds in (5, 10):
        found = coverage(simulate, "power", seeds, 60, truth["power"])
        assert all(0.86 <= share <= 1.0 for share in found.values()), (seeds, found)


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_a_null_is_flat_at_the_nominal_rate(seeds: int, simulate: Simulate) -> None:
    rng = np.random.default_rng(seeds)
    flat = [trend(gather(simulate("null", seeds, rng=rng), y="y", x="x"), 0.95).flat for _ in range(400)]
    # 95 % of 400, with three standard deviations of the count.
    assert 367 <= sum(flat) <= 393


def test_a_null_is_refused_by_every_form(simulate: Simulate) -> None:
    table = simulate("null", 8, rng=np.random.default_rng(1))
    for form in ("power", "power_floor", "exponential", "exponential_floor"):
        fitted = fit(table, form, y="y", x="x", draws=40)
        assert fitted.status == "refused"
        assert fitted.reason.startswith("flat")
        assert np.isfinite(fitted.parameters).all()


def test_wild_noise_makes_a_mean_exactly_student_t() -> None:
    rng = np.random.default_rng(2)
    y = np.exp(0.05 * rng.standard_normal((4, 3)))
    table = pd.DataFrame(
        {"x": np.tile([1.0, 2.0, 3.0], 4), "seed": np.repeat(np.arange(4), 3), "y": y.ravel()}
    )
    points = gather(table, y="y", x="x")
    noise = wild_noise(points, 40_000, rng)[:, 0]
    error = y[:, 0].std(ddof=1) / 2 / y[:, 0].mean()
    assert stats.kstest(noise / error, stats.t(3).cdf).pvalue > 0.001


@pytest.mark.parametrize(
    ("seeds", "method"), [(1, "residual_t"), (2, "wild_t"), (7, "wild_t"), (8, "bca"), (20, "bca")]
)
def test_the_method_follows_the_number_of_clusters(seeds: int, method: str, simulate: Simulate) -> None:
    table = simulate("power", seeds, rng=np.random.default_rng(3))
    assert resampling(gather(table, y="y", x="x")) == method


def test_folds_and_seeds_make_clusters_together(simulate: Simulate) -> None:
    table = simulate("power", 8, rng=np.random.default_rng(4))
    table = table.assign(fold=table.seed // 4, seed=table.seed % 4)
    points = gather(table, y="y", x="x", cluster=["fold", "seed"])
    assert points.n_clusters == 8
    assert not points.notes


def test_plain_levels_are_expanded_for_few_clusters() -> None:
    low, high = quantile_levels("bca", 10, 0.95)
    assert low < 0.025 < 0.975 < high
    np.testing.assert_allclose(quantile_levels("bca", 100_000, 0.95), [0.025, 0.975], atol=1e-5)
    np.testing.assert_allclose(quantile_levels("wild_t", 5, 0.9), [0.05, 0.95])


def test_bca_agrees_with_scipy_for_many_clusters() -> None:
    rng = np.random.default_rng(5)
    sample = rng.exponential(size=500)
    drawn = sample[rng.integers(0, 500, (4000, 500))].mean(axis=1)
    left_out = (sample.sum() - sample) / 499
    ours = interval(float(sample.mean()), drawn, left_out, "bca", 500, 0.95, False)
    scipys = stats.bootstrap((sample,), np.mean, n_resamples=4000, rng=rng).confidence_interval
    np.testing.assert_allclose([ours.low, ours.high], [scipys.low, scipys.high], rtol=0.01)


def test_up_to_a_number_of_clusters_each_is_left_out_alone() -> None:
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"x": np.arange(1.0, LEFT_OUT + 1), "y": rng.lognormal(0, 0.1, LEFT_OUT)})
    points = gather(table, y="y", x="x", cluster=None)
    whole, found = points.data(1.0 - np.eye(LEFT_OUT)), list(jackknife(points))
    for name in ("log_y", "weights", "censored"):
        np.testing.assert_array_equal(np.concatenate([getattr(d, name) for d in found]), getattr(whole, name))


@pytest.mark.parametrize("clusters", [LEFT_OUT + 1, 1000, 5003])
def test_of_more_clusters_each_is_left_out_once_in_groups_of_equal_size(clusters: int) -> None:
    kept = np.concatenate(list(left_out(clusters, 10_000)))
    assert kept.shape == (LEFT_OUT, clusters)
    np.testing.assert_array_equal((kept == 0).sum(axis=0), 1)
    sizes = (kept == 0).sum(axis=1)
    assert sizes.max() - sizes.min() <= 1


def test_groups_of_clusters_give_the_interval_of_the_clusters() -> None:
    rng = np.random.default_rng(8)
    sample = rng.exponential(size=4000)
    drawn = np.array([rng.choice(sample, len(sample)).mean() for _ in range(4000)])
    whole, value = sample.sum(), float(sample.mean())
    one_by_one = (whole - sample) / (len(sample) - 1)
    kept = np.concatenate(list(left_out(len(sample), 1)))
    grouped = kept @ sample / kept.sum(axis=1)
    fine, coarse = (
        interval(value, drawn, values, "bca", len(sample), 0.95, False) for values in (one_by_one, grouped)
    )
    width = fine.high - fine.low
    assert abs(coarse.low - fine.low) < 0.02 * width
    assert abs(coarse.high - fine.high) < 0.02 * width


def test_points_with_one_run_count_with_the_spread_of_the_others() -> None:
    rng, estimates, squares = np.random.default_rng(6), [], []
    x = np.tile(np.geomspace(32, 4096, 9), 6)
    seed = np.repeat(np.arange(6), 9)
    # The ends, which say most about the exponent, have one run.
    kept = (seed == 0) | ((x > 33) & (x < 4000))
    for _ in range(150):
        y = 3 * x**-0.4 * np.exp(0.03 * rng.standard_normal(len(x)))
        fitted = fit(pd.DataFrame({"x": x, "seed": seed, "y": y})[kept], "power", y="y", x="x", draws=20)
        alpha = fitted.estimates["alpha"]
        estimates.append(alpha.value)
        squares.append(((alpha.high - alpha.low) / 2 / stats.t.ppf(0.975, 5)) ** 2)
    assert np.mean(squares) == pytest.approx(np.var(estimates), rel=0.3)
