"""The solver: recovery, invariance, agreement with an independent one, several inputs, censoring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import least_squares as scipy_least_squares

from lawbook.errors import LawbookError
from lawbook.laws import descent, laws
from lawbook.laws.descent import Effort, descend
from lawbook.laws.linear import least_squares, nonnegative_least_squares
from lawbook.laws.solver import Data, Design, Loss, jacobian, solve

ONE_INPUT = ("power", "power_floor", "exponential", "exponential_floor")
X = np.geomspace(16.0, 4096.0, 9)[:, None]


def data_of(log_y: np.ndarray, weights: np.ndarray | None = None) -> Data:
    log_y = np.atleast_2d(log_y)
    return Data(log_y, np.ones_like(log_y) if weights is None else np.atleast_2d(weights), log_y == np.inf)


@pytest.mark.parametrize("name", ONE_INPUT)
@pytest.mark.parametrize("loss", [Loss(), Loss("log_huber", 1e-2)])
def test_noiseless_laws_are_recovered(name: str, loss: Loss, truth: dict[str, tuple[float, ...]]) -> None:
    law, planted = laws[name], np.array(truth[name])
    log_y = law.log_predict(X, planted)
    found = solve(law, X, data_of(log_y), loss)
    assert found.converged[0]
    np.testing.assert_allclose(found.parameters[0], planted, rtol=1e-6)
    np.testing.assert_allclose(law.log_predict(X, found.parameters[0]), log_y, atol=1e-8)
    assert found.starts_at_best[0] >= 0.5 * found.starts


@settings(max_examples=40, deadline=None)
@given(
    floor=st.floats(0.01, 10), size=st.floats(0.1, 100), alpha=st.floats(0.15, 1.5), shift=st.floats(-12, 12)
)
def test_any_identified_power_with_floor_is_recovered(
    floor: float, size: float, alpha: float, shift: float
) -> None:
    law = laws["power_floor"]
    x = X * np.exp(shift)
    planted = np.array([floor, size * np.exp(alpha * shift), alpha])
    found = solve(law, x, data_of(law.log_predict(x, planted)))
    J = jacobian(law, x, planted)
    if np.linalg.cond(J / np.linalg.norm(J, axis=0)) < 1e5:
        np.testing.assert_allclose(found.parameters[0], planted, rtol=1e-6)
    np.testing.assert_allclose(
        np.exp(law.log_predict(x, found.parameters[0]) - law.log_predict(x, planted)), 1, rtol=1e-8
    )


def test_two_inputs_are_fitted_by_the_same_solver() -> None:
    law = laws["chinchilla"]
    rng = np.random.default_rng(1)
    x = np.exp(rng.uniform(np.log(1e7), np.log(1e10), (40, 2)))
    planted = np.array([1.8, 480.0, 2100.0, 0.35, 0.37])
    found = solve(law, x, data_of(law.log_predict(x, planted)))
    np.testing.assert_allclose(found.parameters[0], planted, rtol=1e-6)


@pytest.mark.parametrize("name", ONE_INPUT)
@pytest.mark.parametrize("loss", [Loss(), Loss("log_huber", 0.02)])
def test_units_order_and_scale_of_weights_change_nothing(
    name: str, loss: Loss, truth: dict[str, tuple[float, ...]]
) -> None:
    law, rng = laws[name], np.random.default_rng(2)
    log_y = law.log_predict(X, np.array(truth[name])) + 0.03 * rng.standard_normal(len(X))
    weights = rng.uniform(0.5, 2.0, len(X))
    reference = solve(law, X, data_of(log_y, weights), loss)
    fitted = law.log_predict(X, reference.parameters[0])
    order = rng.permutation(len(X))
    for x, shift, scale, at in (
        (X * 1e6, 0.0, 1.0, slice(None)),
        (X * 1e-9, 20.0, 1.0, slice(None)),
        (X, -30.0, 1e3, slice(None)),
        (X, 0.0, 1e-6, order),
    ):
        found = solve(law, x[at], data_of(log_y[at] + shift, scale * weights[at]), loss)
        np.testing.assert_allclose(law.log_predict(x[at], found.parameters[0]) - shift, fitted[at], atol=1e-8)
        np.testing.assert_allclose(found.objective, reference.objective, rtol=1e-9)
        if law.name.startswith("power"):
            np.testing.assert_allclose(found.parameters[0, -1], reference.parameters[0, -1], rtol=1e-8)


@pytest.mark.parametrize("name", ONE_INPUT)
@pytest.mark.parametrize("delta", [None, 0.02])
def test_scipy_finds_no_better_optimum(
    name: str, delta: float | None, truth: dict[str, tuple[float, ...]]
) -> None:
    law, planted, rng = laws[name], np.array(truth[name]), np.random.default_rng(3)
    log_y = law.log_predict(X, planted) + 0.05 * rng.standard_normal(len(X))
    loss = Loss() if delta is None else Loss("log_huber", delta)
    found = solve(law, X, data_of(log_y), loss)

    def residuals(scaled: np.ndarray) -> np.ndarray:
        return log_y - law.log_predict(X, np.maximum(scaled, 0) * planted)

    other = scipy_least_squares(
        residuals, np.ones_like(planted), loss="linear" if delta is None else "huber", f_scale=delta or 1.0,
        bounds=(0, np.inf), xtol=1e-15, ftol=1e-15, gtol=1e-15, max_nfev=5000,
    )  # fmt: skip
    assert found.objective[0] <= other.cost * (1 + 1e-9)
    np.testing.assert_allclose(found.parameters[0], other.x * planted, rtol=2e-4)
    assert found.gradient[0] < 1e-9


def test_warm_draws_reach_the_optimum_of_all_starts(truth: dict[str, tuple[float, ...]]) -> None:
    rng = np.random.default_rng(4)
    for name in ONE_INPUT:
        law, planted = laws[name], np.array(truth[name])
        log_y = law.log_predict(X, planted) + 0.05 * rng.standard_normal((50, len(X)))
        warm, cold = solve(law, X, data_of(log_y), warm=planted), solve(law, X, data_of(log_y))
        assert warm.converged.all()
        np.testing.assert_allclose(warm.objective, cold.objective, rtol=1e-6)


def test_a_weight_of_zero_takes_a_point_out() -> None:
    law, rng = laws["power"], np.random.default_rng(5)
    log_y = rng.standard_normal(len(X))
    weights = np.r_[0.0, np.ones(len(X) - 1)]
    np.testing.assert_allclose(
        solve(law, X, data_of(log_y, weights)).parameters,
        solve(law, X[1:], data_of(log_y[1:])).parameters,
        rtol=1e-9,
    )


def test_a_censored_point_pulls_only_from_above() -> None:
    law = laws["power"]
    log_y = law.log_predict(X, np.array([3.0, 0.4]))
    last = np.zeros((1, len(X)), dtype=bool)
    last[0, -1] = True
    ones = np.ones((1, len(X)))
    loose = log_y + np.r_[np.zeros(len(X) - 1), 1.0]
    found = solve(law, X, Data(loose[None], ones, last))
    np.testing.assert_allclose(found.parameters[0], [3.0, 0.4], rtol=1e-6)
    tight = log_y - np.r_[np.zeros(len(X) - 1), 1.0]
    assert solve(law, X, Data(tight[None], ones, last)).parameters[0, 1] > 0.42


def test_a_loss_that_is_not_defined_is_refused() -> None:
    with pytest.raises(LawbookError, match="did you mean 'log_huber'"):
        Loss("log_hubber")
    with pytest.raises(LawbookError, match="needs delta > 0"):
        Loss("log_huber")


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_small_least_squares_agree_with_lapack(seed: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    A, b = rng.standard_normal((3, 7, p)), rng.standard_normal((3, 7))
    A[:, :, 0] *= 1e6
    for i in range(3):
        np.testing.assert_allclose(
            least_squares(A.transpose(0, 2, 1), b)[i],
            np.linalg.lstsq(A[i], b[i], rcond=None)[0],
            rtol=1e-8,
            atol=1e-14,
        )


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000))
def test_nonnegative_least_squares_agrees_with_scipy(seed: int) -> None:
    from scipy.optimize import nnls

    rng = np.random.default_rng(seed)
    A, b = rng.standard_normal((4, 6, 3)), rng.standard_normal((4, 6))
    ours = nonnegative_least_squares(A.transpose(0, 2, 1), b)
    for i in range(4):
        np.testing.assert_allclose(ours[i], nnls(A[i], b[i])[0], atol=1e-9)


def test_nothing_to_descend_gives_nothing() -> None:
    design = Design.of(laws["power"], np.array([[1.0], [10.0], [100.0]]))
    none = np.empty((0, 3))
    data = Data(none, none, none.astype(bool))
    found = descend(design, data, np.arange(0), np.empty((0, 2)), Loss(), Effort(tolerance=1e-6, steps=3))
    assert found.q.shape == (0, 2)
    assert found.objective.shape == (0,)


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("power_floor", (0.3, 60, 0.5)),
        ("exponential_floor", (0.3, 2, 1e-3)),
        ("bnsl_1", (0.3, 60, 0.5, 0.4, 3e3, 0.3)),
    ],
)
def test_starts_sought_on_some_of_many_points_lead_to_the_optimum_of_all(
    name: str, planted: tuple[float, ...]
) -> None:
    law, rng, n = laws[name], np.random.default_rng(9), 9000
    x = np.geomspace(10, 1e5, n)[:, None]
    log_y = law.log_predict(x, np.array(planted)) + 0.01 * rng.standard_normal((2, n))
    # In the second data set few points have weight, all at small x.
    weights = np.stack([np.ones(n), np.arange(n) < 4000])
    found = solve(law, x, Data(log_y, weights, np.zeros((2, n), dtype=bool)))
    near = solve(law, x, Data(log_y, weights, np.zeros((2, n), dtype=bool)), warm=np.array(planted))
    assert found.converged.all()
    assert (found.objective <= near.objective * (1 + 1e-8)).all()


def test_a_difference_without_a_number_costs_a_fit_its_curvature_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Differences beside the optimum may leave what a law can give; the descent then goes on along the slope."""
    rng = np.random.default_rng(0)
    x = np.geomspace(1, 1e3, 12)[:, None]
    y = (0.5 + 3 * x[:, 0] ** -0.5) * np.exp(0.02 * rng.standard_normal(12))
    data = Data(np.log(y)[None], np.ones((1, 12)), np.zeros((1, 12), dtype=bool))
    sound = solve(laws["power_floor"], x, data, Loss("log_huber", 1e-3))
    real, spoiled = descent.evaluate, []

    def evaluate(design, which, q, *rest, **how):
        state = real(design, which, q, *rest, **how)
        if len(q) % (2 * q.shape[1]) == 0 and not how.get("project", True):
            state.J[:] = np.nan
            spoiled.append(len(q))
        return state

    monkeypatch.setattr(descent, "evaluate", evaluate)
    found = solve(laws["power_floor"], x, data, Loss("log_huber", 1e-3))
    assert spoiled
    np.testing.assert_allclose(found.objective, sound.objective, rtol=1e-3)
