"""The quantization model against its definition, its limits, simulation, and the published windows."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp
from scipy.special import zeta

from lawbook.theory._learning import LearningCurve, calibrated
from lawbook.theory.quanta import (
    asymptotic_exponents,
    frequencies,
    learned_of_dose,
    loss_of_capacity,
    loss_of_dose,
    sampler_loss,
    share_left,
)

KINDS = ("threshold", "exponential", "multilinear")


def slope(x, y):
    return np.polyfit(np.log(x), np.log(y), 1)[0]


def test_frequencies_are_zipf_s():
    p = frequencies(1000, 0.5)
    assert p.sum() == pytest.approx(1, rel=1e-13)
    np.testing.assert_allclose(p[:-1] / p[1:], (np.arange(2, 1001) / np.arange(1, 1000)) ** 1.5, rtol=1e-12)
    assert frequencies(10**6, 1.0)[0] == pytest.approx(1 / zeta(2), rel=1e-5)


def test_the_sampler_s_loss_is_the_mean_over_samples():
    rng = np.random.default_rng(0)
    p = frequencies(50, 0.4)
    drawn = np.stack([rng.multinomial(20, p) for _ in range(20_000)])
    missed = (drawn == 0) @ p
    error = missed.std() / math.sqrt(len(missed))
    assert abs(missed.mean() - sampler_loss(20, 50, 0.4)) < 4 * error
    assert sampler_loss([0, 1], 1, 0.4) == pytest.approx([1, 0])


@pytest.mark.parametrize(("alpha", "published"), [(0.3, 0.2413), (0.5, 0.3346), (1.0, 0.4996)])
def test_the_sampler_s_exponent_over_three_decades(alpha, published):
    samples = [100, 200, 500, 1000, 2000, 5000, 10**4, 2 * 10**4, 5 * 10**4, 10**5]
    assert -slope(samples, sampler_loss(samples, 10**7, alpha)) == pytest.approx(published, abs=2e-4)


def test_shares_left():
    u = np.linspace(0, 8, 50)
    for kind in KINDS:
        left = share_left(u, kind)
        assert (np.diff(left) <= 0).all()
        assert left[0] == pytest.approx(1, abs=0.03)
        assert left[-1] < 1e-3
    # Two layers a = b with the gradient of (1 - ab)²/2, from ab = 0.01.
    flow = solve_ivp(
        lambda _, z: [z[1] * (1 - z[0] * z[1]), z[0] * (1 - z[0] * z[1])], (0, 8), [0.1, 0.1], t_eval=u, rtol=1e-10,
        atol=1e-12,
    )  # fmt: skip
    np.testing.assert_allclose(share_left(u, "multilinear"), (1 - flow.y[0] * flow.y[1]) ** 2, atol=1e-7)


def test_losses_and_counts_are_the_sums_that_define_them():
    p = frequencies(30, 0.6)
    for dose in (0.0, 5.0, 40.0, 1e3):
        u = p * dose / 2.0
        for kind in KINDS:
            expected = sum(pk * share_left(uk, kind) for pk, uk in zip(p, u, strict=True))
            assert loss_of_dose(dose, 30, 0.6, kind, scale=2.0) == pytest.approx(expected, rel=1e-12)
        n = int((u >= 1).sum())
        assert learned_of_dose(dose, 30, 0.6, "threshold", scale=2.0) == n
        assert loss_of_dose(dose, 30, 0.6, "threshold", scale=2.0) == pytest.approx(
            loss_of_capacity(n, 30, 0.6), abs=1e-15
        )
        assert learned_of_dose(dose, 30, 0.6, "exponential", scale=2.0) == pytest.approx(
            (1 - np.exp(-u)).sum()
        )


def test_exponents_are_those_of_the_sums_at_large_sizes():
    alpha, K = 0.6, 10**7
    known = asymptotic_exponents(alpha)
    far = np.geomspace(1e4, 1e5, 5)
    for kind in ("threshold", "exponential"):
        assert -slope(far, loss_of_dose(far, K, alpha, kind)) == pytest.approx(known.loss_by_steps, abs=0.02)
        assert slope(far, learned_of_dose(far, K, alpha, kind)) == pytest.approx(
            known.count_by_steps, abs=0.02
        )
    n = np.geomspace(100, 1000, 5).round()
    assert -slope(n, loss_of_capacity(n, K, alpha)) == pytest.approx(known.loss_by_parameters, abs=0.02)
    # Compute C = n · n^(1+α) with both in balance.
    assert -slope(n ** (2 + alpha), loss_of_capacity(n, K, alpha)) == pytest.approx(
        known.loss_by_compute, abs=0.01
    )


def test_the_window_and_the_truncation_move_exponents_more_than_most_effects():
    """α = 0.4, 200 tasks, the first eleven learned: 0.334 and 0.80 where the limits are 0.286 and 0.714."""
    p = frequencies(200, 0.4)
    steps = 1.0001 * np.geomspace(1 / p[0], 1 / p[10], 30)
    assert -slope(steps, loss_of_dose(steps, 200, 0.4, "threshold")) == pytest.approx(0.334, abs=0.002)
    assert slope(steps, learned_of_dose(steps, 200, 0.4, "threshold")) == pytest.approx(0.80, abs=0.005)
    assert -slope(steps, loss_of_dose(steps, 2000, 0.4, "threshold")) < 0.334 - 0.02


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("x", "y"), [("step", "test_loss"), ("samples", "test_learned_half_bit")])
def test_a_planted_curve_is_found_again_whatever_its_scale(kind, x, y):
    dose = np.geomspace(100, 10_000, 25).round()
    planted = learned_of_dose(dose, 200, 0.4, kind, 37.0)
    if y == "test_loss":
        planted = math.log(2) * loss_of_dose(dose, 200, 0.4, kind, 37.0)
    runs = pd.DataFrame({"n_tasks": 200, "alpha": 0.4, x: dose, y: planted}, index=dose.astype(int) + 7)
    runs = runs[runs[y] > 0]
    found = LearningCurve(kind)(runs, x, y)
    assert (found.index == runs.index).all()
    np.testing.assert_allclose(np.log(found / runs[y]), 0, atol=0.06 if kind != "threshold" else 0.7)
    assert abs(slope(runs[x], found) - slope(runs[x], runs[y])) < 0.02


def test_capacity_is_calibrated_by_its_own_unit():
    width = np.array([10, 20, 40, 80, 160.0])
    runs = pd.DataFrame(
        {
            "n_tasks": 200,
            "alpha": 0.4,
            "width": width,
            "test_loss": 0.69 * loss_of_capacity(width / 9, 200, 0.4),
        }
    )
    found = LearningCurve("threshold")(runs, "width", "test_loss")
    assert -slope(width, found) == pytest.approx(-slope(width, runs["test_loss"]), abs=0.03)
    assert LearningCurve("exponential")(runs, "width", "test_loss").isna().all()


def test_each_alpha_is_calibrated_by_itself_and_other_columns_have_no_theory():
    dose = np.geomspace(100, 10_000, 12).round()
    parts = [
        pd.DataFrame(
            {
                "n_tasks": 200,
                "alpha": a,
                "step": dose,
                "test_loss": loss_of_dose(dose, 200, a, "exponential", s),
            }
        )
        for a, s in ((0.2, 11.0), (0.8, 90.0))
    ]
    runs = pd.concat(parts, ignore_index=True)
    curve = LearningCurve("exponential")
    both = curve(runs, "step", "test_loss")
    np.testing.assert_allclose(both[:12], curve(parts[0], "step", "test_loss"))
    assert curve(runs, "learning_rate", "test_loss").isna().all()
    assert curve(runs.assign(other=1.0), "step", "other").isna().all()
    assert math.isnan(curve.exponent(runs, "step", "test_loss"))
    assert curve.exponent(parts[0], "step", "test_loss") == pytest.approx(0.2 / 1.2)
    assert curve.exponent(parts[0], "step", "test_learned_half_bit") == pytest.approx(1 / 1.2)
    assert curve.exponent(parts[0], "n_params", "test_loss") == pytest.approx(0.2)


def test_calibration_is_least_squares_on_its_grid():
    dose = np.geomspace(10, 1e4, 9)
    scale = calibrated(
        lambda d: loss_of_dose(d, 50, 0.5, "exponential"), dose,
        np.log(loss_of_dose(dose, 50, 0.5, "exponential", 21.0)), 50, 0.5, "step",
    )  # fmt: skip
    assert scale == pytest.approx(21.0, rel=0.03)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: frequencies(0, 0.4),
        lambda: frequencies(5, -0.1),
        lambda: frequencies(5, math.nan),
        lambda: sampler_loss([-1], 5, 0.4),
        lambda: loss_of_dose([math.nan], 5, 0.4, "threshold"),
        lambda: loss_of_capacity([-1], 5, 0.4),
    ],
)
def test_impossible_sizes(ask):
    with pytest.raises(ValueError, match="got"):
        ask()
