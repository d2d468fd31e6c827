"""The loss of a linear classifier over time: means against draws, flow and descent against limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from tests.shipped import load

from lawbook.theory.margin_density import (
    descent_loss,
    exact_curve,
    flow,
    flow_loss,
    late_exponent,
    local_exponent,
    loss,
    margins,
)


def test_means_over_margins_are_those_of_the_density() -> None:
    m, weights = margins(0.0)

    known, _ = quad(lambda u: 2 * np.exp(-u * u / 2) / np.sqrt(2 * np.pi) * np.log1p(np.exp(-7 * u)), 0, 12)
    assert weights @ np.log1p(np.exp(-7 * m)) == pytest.approx(known, rel=1e-7)
    with pytest.raises(ValueError, match="chi > -1"):
        margins(-1.0)


@pytest.mark.parametrize("scale", [None, 1.5])
def test_the_loss_is_the_mean_over_examples_above_its_least(scale: float | None) -> None:
    rng, n = np.random.default_rng(0), 400_000
    m, across = np.sqrt(rng.chisquare(2, n)), rng.normal(size=n)
    right = np.ones(n) if scale is None else rng.random(n) < 1 / (1 + np.exp(-scale * m))
    sign = np.where(right, 1.0, -1.0)
    each = np.logaddexp(0, -sign * (1.2 * m + 0.7 * across))
    if scale is not None:
        each -= np.logaddexp(0, -sign * scale * m)

    error = each.std() / np.sqrt(n)
    assert abs(loss(1.2, 0.7, 1.0, scale) - each.mean()) < 4 * error
    if scale is not None:
        assert loss(scale, 0.0, 1.0, scale) == pytest.approx(0, abs=1e-12)


def test_the_flow_has_the_loss_of_its_late_limit() -> None:
    k = 2 / np.sqrt(2 * np.pi) * np.pi**2 / 12
    times = np.array([1e2, 1e4, 1e6])

    ratio = flow_loss(times, 0.0) / (k ** (2 / 3) * (3 * times) ** (-1 / 3))
    np.testing.assert_allclose(ratio, [1.051, 1.003, 1.0001], atol=5e-4)
    np.testing.assert_allclose(local_exponent([20, 200, 2000], 0.0), [0.384, 0.353, 0.339], atol=1e-3)
    for chi in (0.0, 1.0, 3.0):
        assert local_exponent([1e10], chi)[0] == pytest.approx(late_exponent(chi), abs=2e-3)
    assert flow(0.0, 0.0) == pytest.approx(0, abs=1e-12)


def test_descent_at_small_rates_is_the_flow_to_first_order() -> None:
    gaps = [
        descent_loss(rate, 1.0, [round(4 / rate)])[0] - flow_loss(4.0, 1.0) for rate in (0.1, 0.05, 0.025)
    ]

    assert gaps[0] / gaps[1] == pytest.approx(2, abs=0.1)
    assert gaps[1] / gaps[2] == pytest.approx(2, abs=0.05)


RUN = {
    "task": "margin_density", "model": "linear", "optimizer": "sgd", "schedule": "constant", "gradient_clip": np.nan,
    "weight_decay": 0.0, "momentum": 0.0, "warmup": 0.0, "teacher_scale": np.nan, "margin_exponent": 1.0,
    "learning_rate": 3.0, "steps": 20,
}  # fmt: skip


def test_of_runs_that_it_does_not_cover_nothing_is_said() -> None:
    runs = pd.DataFrame([RUN, RUN | {"optimizer": "adamw"}, RUN | {"teacher_scale": 1.0}], index=[4, 5, 6])

    exact = exact_curve(runs, "steps", "test_loss")
    assert exact[4] == descent_loss(3.0, 1.0, [20])[0]
    assert exact.isna().tolist() == [False, True, True]
    assert exact_curve(runs, "steps", "test_error").isna().all()
    assert exact_curve.exponent(runs[:1], "steps", "test_loss") == 0.5
    assert np.isnan(exact_curve.exponent(runs, "steps", "test_loss"))
    assert exact_curve.along_steps(RUN, np.array([0]), "test_loss")[0] == pytest.approx(np.log(2), rel=1e-9)


def test_the_study_expects_the_late_exponents() -> None:
    claims = load("time_exponent").content.claims
    late = [claim for claim in claims if claim.value and claim.within == 0.03]

    assert [claim.where["margin_exponent"] for claim in late] == [0, 1, 3]
    for claim in late:
        assert claim.expected == pytest.approx(late_exponent(claim.where["margin_exponent"]), abs=1e-4)
