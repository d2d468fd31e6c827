"""The exact risk of least squares of smallest norm, against simulation that shares no code with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.models import SolvedModel, models
from lawbook.studies import plan_study
from lawbook.theory.gaussian_regression import exact_curve, limiting_risk, mean_risk
from lawbook.training.solved import solve_runs


@pytest.mark.parametrize(
    ("d", "n", "r", "sigma"), [(10, 25, 2.0, 0.5), (25, 10, 2.0, 0.5), (30, 20, 1.0, 0.0)]
)
def test_the_mean_risk_is_that_of_many_draws(d: int, n: int, r: float, sigma: float) -> None:
    rng, risks = np.random.default_rng(0), []
    for _ in range(4000):
        x, beta = rng.normal(size=(n, d)), rng.normal(size=d)
        beta *= r / np.linalg.norm(beta)
        w = np.linalg.pinv(x) @ (x @ beta + sigma * rng.normal(size=n))
        risks.append(np.sum((w - beta) ** 2))
    error = np.std(risks) / np.sqrt(len(risks))
    assert abs(mean_risk(d, n, r, sigma) - np.mean(risks)) < 4 * error


@pytest.mark.parametrize("gamma", [0.1, 0.5, 2.0, 7.0])
def test_large_draws_come_to_the_limit(gamma: float) -> None:
    n = 10**7
    assert mean_risk(gamma * n, n, 1.5, 0.7) == pytest.approx(limiting_risk(gamma, 1.5, 0.7), rel=1e-5)


def test_at_as_many_inputs_as_examples_the_mean_is_infinite_but_without_noise() -> None:
    assert mean_risk(50, [49, 50, 51]).tolist() == [np.inf] * 3
    assert mean_risk(50, 50, noise=0.0) == 0
    assert limiting_risk(1.0) == np.inf
    assert limiting_risk(1.0, noise=0.0) == 0


def test_the_solution_fits_and_has_the_smallest_norm() -> None:
    model = models["min_norm"]
    assert isinstance(model, SolvedModel)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 12)), rng.normal(size=(7, 3))
    weight = model.solve({}, x, y)["weight"]
    np.testing.assert_allclose(model.outputs({}, {"weight": weight}, x), y, atol=1e-12)
    # Of all solutions the shortest has no part that the examples are blind to.
    _, _, directions = np.linalg.svd(x)
    np.testing.assert_allclose(directions[7:] @ weight, 0, atol=1e-12)


def test_runs_of_a_study_have_the_exact_mean_risk(tmp_path) -> None:
    (tmp_path / "ridgeless.yaml").write_text(
        "title: t\nquestion: q\ntask: {name: gaussian_regression, dimension: 40, signal: 2.0}\n"
        "model: {name: min_norm}\nsweeps: {s: {axes: {samples: [10, 80], seed: {count: 200}}}}\n"
    )
    plan = plan_study("ridgeless", tmp_path)
    (runs,) = plan.shards.values()
    trained = solve_runs([run.config for run in runs], {})
    table = pd.DataFrame([run.config for run in runs]).assign(test_loss=trained.curve[1]["test/loss"])
    exact = exact_curve(table, "samples", "test_loss")
    groups = table.assign(exact=exact).groupby("samples")
    error = groups["test_loss"].std() / np.sqrt(200)
    assert ((groups["test_loss"].mean() - groups["exact"].mean()).abs() < 4 * error).all()
    assert set(trained.curve[1]) == {"train/loss", "test/loss"}, "a regression has no share of wrong answers"
    losses = np.array(trained.curve[1]["train/loss"])
    assert (losses[table["samples"] == 10] < 1e-20).all(), "with more inputs than examples it interpolates"
    assert exact_curve(table, "samples", "train_loss").isna().all()


def test_the_excess_is_a_power_of_the_degrees_of_freedom_and_steeper_in_the_examples() -> None:
    """At p = 40 and the examples of the study least_squares: 1 of n - p - 1, 1.10 of n, 1.03 of the last four n."""
    samples = np.array([120, 200, 400, 800, 1200, 2000, 4000])
    risk = mean_risk(40, samples, noise=0.5)

    def exponent(x: np.ndarray, y: np.ndarray) -> float:
        return float(-np.polyfit(np.log(x), np.log(y), 1)[0])

    assert exponent(samples - 41, risk) == pytest.approx(1, abs=1e-12)
    assert exponent(samples, risk) == pytest.approx(1.10, abs=0.01)
    assert exponent(samples[3:], risk[3:]) == pytest.approx(1.03, abs=0.01)
