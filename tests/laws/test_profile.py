"""Profile intervals against closed forms, an independent optimiser and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from lawbook.errors import LawbookError
from lawbook.laws import laws
from lawbook.laws.design import Data
from lawbook.laws.evidence import Evidence
from lawbook.laws.profile import bounded_threshold, profile, profile_prediction, profiled
from lawbook.laws.solver import solve

X = np.geomspace(32, 4096, 8)[:, None]
FAR = np.array([[4 * 4096.0]])


def evidence_for(
    name: str, parameters: tuple[float, ...], sets: int, seeds: int = 4, noise: float = 0.02, seed: int = 0
) -> Evidence:
    """Return simulated data sets on X, whose runs of one seed share a level and a tilt."""
    law, truth = laws[name], np.array(parameters)
    rng = np.random.default_rng(seed)
    level, tilt = rng.standard_normal((2, sets, seeds, 1))
    z = level + tilt * np.linspace(-1, 1, len(X)) + rng.standard_normal((sets, seeds, len(X)))
    y = np.exp(law.log_predict(X, truth) + noise * z)
    mean = y.mean(axis=1)
    data = Data(np.log(mean), np.full(mean.shape, float(seeds)), np.zeros(mean.shape, dtype=bool))
    shares = (y - mean[:, None]) / (seeds * mean[:, None]) * np.sqrt(seeds / (seeds - 1))
    found = solve(law, X, data, warm=np.maximum(truth, 1e-3))
    return Evidence(law, X, data, found.parameters, shares, seeds - 1)


def test_in_a_law_that_is_linear_in_the_logarithm_it_is_the_t_interval_over_clusters() -> None:
    seen = evidence_for("power", (3.0, 0.4), sets=5)
    log_x = np.log(X[:, 0])
    design = np.column_stack([np.ones(8), -log_x])
    operator = np.linalg.pinv(design)
    quantile = stats.t.ppf(0.95, 3)
    for at, found in (
        (operator[1], profile(seen, "alpha", 0.9)),
        (
            np.array([1.0, -np.log(FAR[0, 0])]) @ operator,
            profile_prediction(seen, FAR.repeat(5, axis=0), 0.9),
        ),
    ):
        value = seen.data.log_y @ at
        half = quantile * np.sqrt(np.sum((seen.shares @ at) ** 2, axis=1))
        np.testing.assert_allclose(found.low, value - half, atol=0.011 * half.max())
        np.testing.assert_allclose(found.high, value + half, atol=0.011 * half.max())
        assert not (found.low_open | found.high_open).any()


def test_with_equal_noise_at_all_points_it_is_the_interval_of_regression() -> None:
    seen = evidence_for("power", (3.0, 0.4), sets=1)
    line = stats.linregress(np.log(X[:, 0]), seen.data.log_y[0])
    r = seen.data.log_y - seen.law.log_predict(X, seen.parameters)
    variance = np.sum(seen.data.weights * r**2) / 6
    noise = np.diag(np.sqrt(variance / seen.data.weights[0]))[None]
    found = profile(Evidence(seen.law, X, seen.data, seen.parameters, noise, 6), "alpha", 0.95)
    half = stats.t.ppf(0.975, 6) * line.stderr
    np.testing.assert_allclose(
        [found.low[0], found.high[0]], [-line.slope - half, -line.slope + half], rtol=2e-3
    )


def test_the_ends_are_where_an_independent_optimiser_finds_the_threshold() -> None:
    seen = evidence_for("power_floor", (0.3, 3.0, 0.5), sets=1)
    log_y, w = seen.data.log_y[0], seen.data.weights[0]

    def held(floor: float) -> tuple[float, np.ndarray]:
        def misfit(q: np.ndarray) -> float:
            return float(np.sum(w * (log_y - np.log(floor + np.exp(q[0]) * X[:, 0] ** -q[1])) ** 2))

        best = optimize.minimize(
            misfit, [np.log(3.0), 0.5], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}
        )
        return best.fun, np.log(floor + np.exp(best.x[0]) * X[:, 0] ** -best.x[1])

    fitted = seen.law.log_predict(X, seen.parameters)[0]
    found = profile(seen, "E", 0.9)
    assert found.low[0] < seen.parameters[0, 0] < found.high[0]
    for end in (found.low[0], found.high[0]):
        misfit, moved = held(end)
        rise = misfit - np.sum(w * (log_y - fitted) ** 2)
        direction = w * (fitted - moved)
        noise = np.sum((seen.shares[0] @ direction) ** 2) / np.sum(direction * (fitted - moved))
        assert np.sqrt(rise / noise) == pytest.approx(stats.t.ppf(0.95, 3), rel=0.02)


def test_data_sets_do_not_touch_each_other() -> None:
    seen = evidence_for("power_floor", (0.02, 3.0, 0.5), sets=6)
    for find in (
        lambda e: profile(e, "E", 0.9),
        lambda e: profile(e, "alpha", 0.9),
        lambda e: profile_prediction(e, FAR.repeat(len(e.parameters), axis=0), 0.9),
    ):
        whole = find(seen)
        for i in range(6):
            alone = find(seen.take(np.array([i])))
            np.testing.assert_allclose(
                [alone.low[0], alone.high[0]], [whole.low[i], whole.high[i]], rtol=1e-6, atol=1e-9
            )


def test_places_of_one_call_do_not_touch_each_other() -> None:
    seen = evidence_for("power_floor", (0.3, 3.0, 0.5), sets=1).take(np.zeros(3, dtype=np.int64))
    at = np.array([[50.0], [4096.0], [65536.0]])
    together = profile_prediction(seen, at, 0.9)
    for i in range(3):
        alone = profile_prediction(seen.take(np.array([0])), at[i : i + 1], 0.9)
        width = together.high[i] - together.low[i]
        np.testing.assert_allclose(
            [alone.low[0], alone.high[0]], [together.low[i], together.high[i]], atol=0.01 * width
        )


def test_a_floor_that_is_not_seen_has_a_one_sided_interval() -> None:
    seen = evidence_for("power_floor", (0.0, 3.0, 0.5), sets=60)
    found = profile(seen, "E", 0.9)
    at_zero = seen.parameters[:, 0] == 0
    assert 0.3 < at_zero.mean() < 0.7
    assert (found.low[at_zero] == 0).all()
    assert found.low_open[at_zero].all()
    assert (found.high > 0).all()
    # One-sided at level 0.9: more is not told apart from 0 than by the two-sided interval of an interior value.
    assert 0.8 < (found.low == 0).mean() <= 0.97


@pytest.mark.parametrize("distance", [0.0, 0.3, 1.0, 1.7, 4.0])
@pytest.mark.parametrize("df", [2, 9, 1000])
def test_the_threshold_of_a_bounded_mean_gives_its_level(distance: float, df: int) -> None:
    t = stats.t.rvs(df, size=200_000, random_state=np.random.default_rng(0))
    # The bounded estimate is max(0, distance + t); the rise at the truth is against it.
    rise = t**2 - np.minimum(distance + t, 0.0) ** 2
    threshold = bounded_threshold(np.array([distance]), df, 0.9)[0]
    assert np.mean(rise <= threshold**2) == pytest.approx(0.9, abs=0.003)
    assert stats.t.ppf(0.9, df) - 1e-9 <= threshold <= stats.t.ppf(0.95, df) + 1e-9


def test_a_break_that_the_data_do_not_bound_is_open() -> None:
    # A pure power law: where it would break is free.
    law, rng = laws["bnsl_1"], np.random.default_rng(1)
    x = np.geomspace(10, 1e5, 12)[:, None]
    noise = 0.02 * rng.standard_normal((1, 5, 12))
    y = np.exp(-0.3 * np.log(x[:, 0]) + noise)
    mean = y.mean(axis=1)
    data = Data(np.log(mean), np.full((1, 12), 5.0), np.zeros((1, 12), dtype=bool))
    shares = (y - mean[:, None]) / (5 * mean[:, None]) * np.sqrt(5 / 4)
    found = solve(law, x, data)
    ends = profile(Evidence(law, x, data, found.parameters, shares, 4), "d1", 0.9)
    low, high = law.box(x)[law.nonlinear.index("d1")]
    assert ends.low_open[0] or ends.high_open[0]
    assert ends.low[0] >= low * (1 - 1e-9)
    assert ends.high[0] <= high * (1 + 1e-9)


def test_what_can_be_moved_is_named() -> None:
    seen = evidence_for("power_floor", (0.3, 3.0, 0.5), sets=1)
    assert profiled(seen.law, X) == ("E", "alpha")
    assert profiled(laws["power"], X) == ("alpha",)
    with pytest.raises(LawbookError, match="A of power_floor has no profile; E, alpha have"):
        profile(seen, "A", 0.9)


def test_noiseless_data_have_intervals_of_no_width() -> None:
    seen = evidence_for("power_floor", (0.3, 3.0, 0.5), sets=1, noise=0.0)
    for found, value in (
        (profile(seen, "alpha", 0.9), 0.5),
        (profile(seen, "E", 0.9), 0.3),
        (profile_prediction(seen, FAR, 0.9), np.log(0.3 + 3 * FAR[0, 0] ** -0.5)),
    ):
        assert found.low[0] == pytest.approx(value, rel=1e-6)
        assert found.high[0] == pytest.approx(value, rel=1e-6)
