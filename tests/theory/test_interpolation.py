"""Exact errors of interpolation: against closed forms, Fourier transforms and simulation that shares no code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad

from lawbook.axes import AxisError
from lawbook.models.interpolant import model
from lawbook.studies import load_study, plan_study
from lawbook.tasks.interpolation import knots
from lawbook.theory.interpolation import (
    CONCENTRATION,
    KINKS,
    TARGETS,
    ball_volume,
    best_density,
    best_line_error,
    exact_curve,
    line_error,
    missed_by_lines,
    nearest_error,
    nearest_limit,
    powers,
    slope_jumps,
    values,
)
from lawbook.training.solved import solve_runs

STUDIES = Path(__file__).parents[2] / "config" / "studies"
KNOTS = 2.0 ** np.arange(4, 10)


def exponent(x, y):
    return -np.polyfit(np.log(x), np.log(y), 1)[0]


@pytest.mark.parametrize("target", TARGETS)
def test_powers_are_those_of_the_fourier_transform(target: str) -> None:
    n = 1 << 16
    waves = np.fft.rfft(values(target, np.arange(n) / n)) / n
    np.testing.assert_allclose(powers(target, 40), 2 * np.abs(waves[1:41]) ** 2, rtol=1e-4, atol=1e-12)
    assert powers(target).sum() == pytest.approx(values(target, (np.arange(n) + 0.37) / n).var(), rel=1e-6)


@pytest.mark.parametrize("theta", [0.1, 0.49, 0.51, 3.0, 40.0])
def test_the_share_that_lines_miss_is_its_integral(theta: float) -> None:
    def missed(t: float) -> float:
        return float(np.abs(np.exp(1j * theta * t) - 1 - t * (np.exp(1j * theta) - 1)) ** 2)

    assert missed_by_lines(theta) == pytest.approx(quad(missed, 0, 1, limit=200)[0], rel=1e-9)


def test_kinks_and_takagi_have_closed_forms() -> None:
    np.testing.assert_allclose(
        line_error("kinks", KNOTS), (slope_jumps() ** 2).sum() / (90 * KNOTS**3), rtol=1e-6
    )
    np.testing.assert_allclose(
        line_error("takagi", KNOTS), (13 / 90 - 4 / (45 * KNOTS)) / KNOTS**2, rtol=1e-4
    )


def test_a_smooth_function_comes_to_the_integral_of_its_curvature() -> None:
    def curvature(x: float) -> float:
        angle = 2 * np.pi * x
        bend = CONCENTRATION * np.sin(angle) ** 2 - np.cos(angle)
        return float(((2 * np.pi) ** 2 * CONCENTRATION * bend * np.exp(CONCENTRATION * np.cos(angle))) ** 2)

    limit = quad(curvature, 0, 1, limit=200)[0] / 120
    ratio = line_error("bump", [32, 256]) * np.array([32.0, 256.0]) ** 4 / limit
    assert 0.97 < ratio[0] < ratio[1] < 1
    assert ratio[1] == pytest.approx(1, abs=1e-3)
    assert (best_line_error(KNOTS) < 0.1 * line_error("bump", KNOTS)).all()


def test_exponents_over_the_range_of_the_study() -> None:
    measured = {target: exponent(KNOTS, line_error(target, KNOTS)) for target in TARGETS}
    assert measured == pytest.approx({"wave": 4, "bump": 4, "kinks": 3, "takagi": 2}, abs=0.02)
    samples = 2.0 ** np.arange(8, 14)
    for dimension in (1, 2, 3, 4, 6):
        found = exponent(samples, nearest_error("wave", dimension, samples))
        assert found == pytest.approx(2 / dimension, abs=0.025)


@pytest.mark.parametrize("dimension", [1, 2, 3, 6])
def test_the_nearest_point_comes_to_its_constant(dimension: int) -> None:
    samples = [1e4, 1e6]
    ratio = nearest_error("wave", dimension, samples) / nearest_limit(dimension, samples, (2 * np.pi) ** 2)
    assert abs(ratio[1] - 1) < abs(ratio[0] - 1) < 0.05
    assert ratio[1] == pytest.approx(1, abs=0.01)
    assert ball_volume(dimension) == pytest.approx(
        {1: 2, 2: np.pi, 3: 4 * np.pi / 3, 6: np.pi**3 / 6}[dimension]
    )


def test_a_ball_around_the_torus_is_not_known() -> None:
    assert np.isnan(nearest_error("wave", 6, [100.0])).all()
    assert np.isfinite(nearest_error("wave", 6, [256.0])).all()


def test_the_best_knots_lie_where_the_curvature_is() -> None:
    even, best = knots(64, "even", 0.5), knots(64, "best", 0.5)
    assert (np.diff(best) > 0).all()
    assert 0 <= best[0] < best[-1] <= 1
    np.testing.assert_allclose(np.diff(even), 1 / 64)
    middles, density = best_density()
    spacing = np.diff(best) * np.interp((best[1:] + best[:-1]) / 2, middles, density)
    np.testing.assert_allclose(np.median(spacing), density.mean() / 64, rtol=0.02)


def test_interpolation_passes_through_its_examples_and_around_the_torus() -> None:
    places, y = np.array([[0.1], [0.5], [0.9]]), np.array([[1.0, 0.0], [2.0, 1.0], [4.0, 3.0]])
    for degree in (0, 1):
        config = {"degree": degree, "samples": 3}
        weights = model.solve(config, places[::-1], y[::-1])
        np.testing.assert_allclose(model.outputs(config, weights, places), y)
        shapes = {name: array.shape for name, array in weights.items()}
        assert shapes == dict(model.shapes(config, 1, 2))
    lines = model.outputs(config, weights, np.array([[0.0], [0.3], [1.0]]))
    np.testing.assert_allclose(lines, [[2.5, 1.5], [1.5, 0.5], [2.5, 1.5]])
    nearest = {"degree": 0, "samples": 3}
    np.testing.assert_allclose(model.outputs(nearest, weights, np.array([[0.98]])), [[4.0, 3.0]])
    with pytest.raises(AxisError, match="one dimension, not in 2"):
        model.shapes(config, 2, 1)


def test_runs_of_the_study_have_the_exact_loss() -> None:
    """A few seeds of each kind of run; the rest of the study says the same of many."""
    plan = plan_study("interpolation", STUDIES)
    largest = {"even": 64, "best": 256, "random": 512}
    chosen = [
        run.config
        for run in plan.runs
        if run.config["seed"] < 6 and run.config["samples"] == largest[run.config["design"]]
    ]
    table = pd.DataFrame(chosen)
    table["test_loss"] = solve_runs(chosen, {}).curve[1]["test/loss"]
    table["ratio"] = table["test_loss"] / exact_curve(table, "samples", "test_loss")
    groups = table.groupby(["degree", "design", "target", "dimension"])["ratio"]
    assert len(groups) == 9
    error = groups.std() / np.sqrt(groups.size())
    assert ((groups.mean() - 1).abs() < 4 * error + 0.01).all()
    assert exact_curve(table, "samples", "train_loss").isna().all()
    assert len(KINKS) == 5


def test_the_crossing_that_the_study_expects_is_that_of_the_exact_curves() -> None:
    (claim,) = [
        one for one in load_study(STUDIES / "interpolation.yaml").content.claims if one.quantity == "crossing"
    ]
    lines = {
        target: np.polyfit(np.log(KNOTS), np.log(line_error(target, KNOTS)), 1)
        for target in ("kinks", "takagi")
    }
    slope, level = lines["kinks"] - lines["takagi"]
    assert claim.expected == pytest.approx(np.exp(-level / slope), abs=0.01)
