"""Exact errors of kernels and random features: their equations, what they reduce to, and plain simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.studies import plan_study
from lawbook.theory.gaussian_regression import limiting_risk
from lawbook.theory.kernel_modes import exact_curve, spectrum, waves
from lawbook.theory.kernel_ridge import constant, learnabilities, mean_error
from lawbook.theory.random_features import constants, least_error, mean_error_of_features
from lawbook.training.solved import solve_runs


@pytest.mark.parametrize("exponent", [0.0, 1.2, 1.5, 3.0])
@pytest.mark.parametrize("n", [1.0, 17.0, 300.0, 1999.0])
def test_learnabilities_sum_to_the_examples_to_rounding(exponent: float, n: float) -> None:
    values, _ = spectrum(2000, exponent, 1.0)
    assert abs(learnabilities(values, n).sum() / n - 1) < 1e-14
    for ridge in (1e-6, 0.3, 1e3):
        kappa = constant(values, n, ridge)
        assert abs(((values / (values + kappa)).sum() + ridge / kappa) / n - 1) < 1e-14


def test_with_equal_eigenvalues_it_is_least_squares_of_smallest_norm() -> None:
    modes, norm, sigma = 400, 1.7, 0.6
    values, power = np.ones(modes), np.full(modes, norm**2 / modes)
    for n in (50, 399, 800):
        expected = limiting_risk(modes / n, norm, sigma)
        assert mean_error(values, power, n, 0.0, sigma**2) == pytest.approx(expected, rel=1e-9)
    assert mean_error(values, power, modes, 0.0, sigma**2) == np.inf
    assert mean_error(values, power, modes) == 0.0


@pytest.mark.parametrize(
    ("n", "features", "ridge", "noise"),
    [(40, np.inf, 0.0, 0.0), (40, np.inf, 0.3, 0.2), (30, 60, 0.0, 0.0), (60, 30, 0.02, 0.1)],
)
def test_the_mean_error_is_that_of_many_draws(n: int, features: float, ridge: float, noise: float) -> None:
    values, power = spectrum(300, 1.5, 1.8)
    rng, errors = np.random.default_rng(0), []
    for _ in range(200):
        functions = rng.normal(size=(n, 300))
        y = functions @ np.sqrt(power) + np.sqrt(noise) * rng.normal(size=n)
        seen = functions * np.sqrt(values)
        mixed = (
            np.eye(300) if np.isinf(features) else rng.normal(size=(300, int(features))) / np.sqrt(features)
        )
        g = seen @ mixed
        w = g.T @ np.linalg.solve(g @ g.T + ridge * np.eye(n), y) if ridge else np.linalg.pinv(g) @ y
        errors.append(np.square(np.sqrt(values) * (mixed @ w) - np.sqrt(power)).sum())
    exact = mean_error_of_features(values, power, n, features, ridge, noise)
    # The theory leaves out terms of order 1/n.
    assert abs(np.mean(errors) / exact - 1) < 3 * np.std(errors) / exact / np.sqrt(200) + 1 / n


def test_constants_of_features_solve_both_equations() -> None:
    values, _ = spectrum(500, 1.4, 1.0)
    for n, features, ridge in ((30, 80, 0.0), (80, 30, 0.0), (30, 30, 0.5), (900, 700, 0.1), (20, 900, 1e-4)):
        kappa, gamma = constants(values, n, features, ridge)
        z = (values / (values + gamma)).sum()
        assert z + features * kappa / gamma == pytest.approx(features, rel=1e-10)
        if ridge:
            assert z + ridge / kappa == pytest.approx(n, rel=1e-8)
        else:
            assert z == pytest.approx(min(n, features), rel=1e-10)


def test_of_a_target_like_the_kernel_samples_and_features_can_change_places() -> None:
    values, power = spectrum(600, 1.7, 1.7)
    for n, features in ((20, 50), (64, 65), (7, 400)):
        gamma = constant(values, min(n, features))
        closed = min(n, features) * gamma / (1 - min(n, features) / max(n, features))
        assert mean_error_of_features(values, power, n, features) == pytest.approx(closed, rel=1e-9)
        for delta in (0.0, 0.05, 3.0):  # the ridge beside the sum over features
            one = mean_error_of_features(values, power, n, features, delta / features)
            other = mean_error_of_features(values, power, features, n, delta / n)
            assert one == pytest.approx(other, rel=1e-8)
    assert mean_error_of_features(values, power, 30, 30) == np.inf


def test_many_features_are_a_kernel_and_many_samples_leave_the_best_of_the_features() -> None:
    values, power = spectrum(400, 1.5, 2.0)
    kernel = mean_error_of_features(values, power, 30, np.inf, 0.1, 0.2)
    assert kernel == mean_error(values, power, 30, 0.1, 0.2)
    assert mean_error_of_features(values, power, 30, 1e7, 0.1, 0.2) == pytest.approx(kernel, rel=1e-5)
    best = mean_error_of_features(values, power, np.inf, 30)
    assert mean_error_of_features(values, power, 1e7, 30) == pytest.approx(best, rel=1e-5)


@pytest.mark.parametrize("noise", [0.0, 0.09])
def test_at_the_best_ridge_the_error_falls_in_samples_and_in_features(noise: float) -> None:
    values, power = spectrum(400, 1.5, 1.5)
    sizes = (8, 31, 32, 33, 64)
    errors = np.array([[least_error(values, power, n, f, noise)[0] for f in sizes] for n in sizes])
    assert (np.diff(errors, axis=0) < 0).all()
    assert (np.diff(errors, axis=1) < 0).all()
    # It is a minimum: ridges beside it are worse.
    least, ridge = least_error(values, power, 32, 64, noise or 0.01)
    for factor in (0.5, 2.0):
        assert mean_error_of_features(values, power, 32, 64, factor * ridge, noise or 0.01) > least


def test_waves_on_a_torus_are_one_of_each_pair_and_the_shortest() -> None:
    for dimension in (1, 2, 3):
        vectors = waves(200, dimension)
        assert len({*map(tuple, vectors)} | {*map(tuple, -vectors)}) == 200
        lengths = np.square(vectors).sum(axis=1)
        assert (np.diff(lengths) >= 0).all()
        reach = np.arange(-15, 16)
        every = np.stack(np.meshgrid(*[reach] * dimension), axis=-1).reshape(-1, dimension)
        within = np.square(every).sum(axis=1) < lengths[-1]
        assert within.sum() <= 201
    values, power = spectrum(2000, 1.5, 2.0, 3)
    rank = np.arange(1, 2001)
    late = slice(200, None)
    assert np.polyfit(np.log(rank[late]), np.log(values[late]), 1)[0] == pytest.approx(-1.5, abs=0.02)
    np.testing.assert_allclose(power, values ** (2.0 / 1.5))


def test_runs_of_a_study_have_the_exact_means(tmp_path) -> None:
    (tmp_path / "modes.yaml").write_text(
        "title: t\nquestion: q\ntask: {name: kernel_modes, modes: 128, noise: 0.2}\n"
        "model: {name: random_features, ridge: 0.02}\nsweeps:\n"
        "  s: {axes: {samples: [24, 48], features: [36], ridge_is: [given, best], seed: {count: 60}}}\n"
        "  k: {set: {model: {name: kernel_ridge}, noise: 0}, axes: {samples: [32], "
        "target_mode: [1, 20], seed: {count: 60}}}\n"
    )
    plan = plan_study("modes", tmp_path)
    tables = []
    for runs in plan.shards.values():
        configs = [run.config for run in runs]
        metrics = solve_runs(configs, {}).curve[1]
        tables.append(pd.DataFrame(configs).assign(**{k.replace("/", "_"): v for k, v in metrics.items()}))
    table = pd.concat(tables, ignore_index=True)
    for y in ("test_loss", "test_learnability"):
        known = table.assign(exact=exact_curve(table, "samples", y), y=table[y]).dropna(subset=["exact"])
        groups = known.groupby(["model", "samples", "ridge_is", "target_mode"], dropna=False)
        miss = (groups["y"].mean() / groups["exact"].mean() - 1).abs()
        error = groups["y"].std() / groups["exact"].mean() / np.sqrt(60)
        assert len(miss) == {"test_loss": 6, "test_learnability": 2}[y]
        assert (miss < 3.5 * error + 1 / 24).all(), y
    other = table.assign(task="digits")
    assert exact_curve(other, "samples", "test_loss").isna().all()
    assert exact_curve(table, "samples", "train_loss").isna().all()


def test_exponents_at_infinity() -> None:
    runs = pd.DataFrame({"input_exponent": [1.5], "target_exponent": [2.0]})
    assert exact_curve.exponent(runs, "samples", "test_loss") == 1.0
    assert exact_curve.exponent(runs.assign(target_exponent=9.0), "samples", "test_loss") == 3.0
    assert exact_curve.exponent(runs.assign(target_exponent=9.0), "features", "test_loss") == 8.0
    assert np.isnan(exact_curve.exponent(runs, "noise", "test_loss"))


def _slope(x: np.ndarray, y: list[float]) -> float:
    return -float(np.polyfit(np.log(x), np.log(y), 1)[0])


def test_numbers_that_the_studies_name() -> None:
    values, power = spectrum(2048, 1.5, 1.5)
    n = 2.0 ** np.arange(4, 9)
    assert _slope(n, [mean_error(values, power, x) for x in n]) == pytest.approx(0.584, abs=5e-4)
    values, power = spectrum(1024, 1.5, 1.5)
    assert mean_error_of_features(values, power, 32, 256) == pytest.approx(0.634, abs=5e-4)
    assert mean_error_of_features(values, power, 64, 256) == pytest.approx(0.491, abs=5e-4)
    n = 2.0 ** np.arange(3, 7)
    for a, expected in ((1.5, 0.417), (2.0, 0.851)):
        values, power = spectrum(1024, a, a)
        curve = [mean_error_of_features(values, power, x, 256) for x in n]
        assert _slope(n, curve) == pytest.approx(expected, abs=1e-3)
    for nu, expected in ((1, 0.540), (2, 1.151)):
        values, power = spectrum(1024, 1 + 2 * nu / 3, 1 + 2 * nu / 3, 3)
        curve = [mean_error_of_features(values, power, 384, x) for x in n]
        assert _slope(n, curve) == pytest.approx(expected, abs=1e-3)
        spare = 2.0 ** np.arange(4, 10)
        endless = mean_error_of_features(values, power, 64, np.inf)
        above = [mean_error_of_features(values, power, 64, 64 + x) - endless for x in spare]
        assert _slope(spare, above) == pytest.approx(1.0, abs=1e-6)
