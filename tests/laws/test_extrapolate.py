"""Predictions beyond the largest x from several laws at once."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import laws
from lawbook.laws.extrapolate import CENTRES, Rule, combine, extrapolate
from lawbook.laws.law import Array
from lawbook.laws.solver import Data, solve

X = np.geomspace(1e2, 1e5, 16)
BEYOND = np.geomspace(2e5, 2e6, 5)


def _curve(x: Array) -> Array:
    return 0.1 + 3 * x**-0.4


def _noisy() -> Array:
    return _curve(X) * np.exp(0.01 * np.random.default_rng(0).standard_normal(len(X)))


def test_the_true_law_alone_is_taken_without_noise() -> None:
    found = extrapolate(X, _curve(X), BEYOND, ("m1", "m2", "m3"), Rule(sharpness=np.inf))
    np.testing.assert_allclose(found.table["estimate"], _curve(BEYOND), rtol=1e-8)
    assert set(found.members.loc[found.members["weight"] > 0, "form"]) == {"m2"}


def test_rolling_errors_are_those_of_fits_to_the_smaller_points() -> None:
    y = _noisy()
    found = extrapolate(X, y, BEYOND, ("m2",), Rule(recency=(0.0, 1.0), origins=(10.0,)))
    kept = X <= 1.001e4
    for rho, error in zip((0.0, 1.0), found.members["rolling_error"], strict=True):
        data = Data(np.log(y[kept])[None], X[kept][None] ** rho, np.zeros((1, kept.sum()), dtype=bool))
        parameters = solve(laws["m2"], X[kept, None], data).parameters[0]
        away = np.log(y) - laws["m2"].log_predict(X[:, None], parameters)
        assert error == pytest.approx(np.sqrt(np.mean(away[~kept] ** 2)), rel=1e-5)


def test_weights_follow_the_rolling_errors() -> None:
    found = extrapolate(X, _noisy(), BEYOND, rule=Rule(sharpness=2.0)).members
    expected = found["rolling_error"] ** -2.0
    np.testing.assert_allclose(found["weight"], expected / expected.sum())


@pytest.mark.parametrize("centre", CENTRES)
def test_units_change_nothing(centre: str) -> None:
    rule = Rule(centre=centre, sharpness=1.0)
    one = extrapolate(X, _noisy(), BEYOND, rule=rule).table
    other = extrapolate(X * 1e3, _noisy() * 1e-4, BEYOND * 1e3, rule=rule).table
    columns = ["estimate", "lower", "upper"]
    np.testing.assert_allclose(other[columns] * 1e4, one[columns], rtol=1e-6)


def test_equal_weights_give_the_usual_median() -> None:
    for rows in (4, 5):
        log_y = np.random.default_rng(rows).standard_normal((rows, 7))
        found = combine(log_y, np.full(rows, 1 / rows), "median")
        np.testing.assert_allclose(found, np.median(log_y, axis=0))


def test_points_of_equal_x_are_one() -> None:
    y = _noisy()
    twice = extrapolate(np.repeat(X, 2), np.repeat(y, 2), BEYOND).table
    np.testing.assert_allclose(twice["estimate"], extrapolate(X, y, BEYOND).table["estimate"], rtol=1e-8)


def test_a_law_of_too_many_parameters_is_left_out() -> None:
    found = extrapolate(X[:5], _curve(X[:5]), BEYOND, ("m2", "m4"))
    assert set(found.members["form"]) == {"m2"}
    assert found.left_out == ("m4: 5 distinct x for 5 parameters",)


@pytest.mark.parametrize(
    ("x", "y", "candidates", "message"),
    [
        ([1.0, 2.0], [1.0], ("m1",), "x has 2 values and y has 1"),
        (
            [1.0, 2.0, 4.0, 8.0],
            [1.0, -0.5, 0.2, 0.1],
            ("m1",),
            "y must be finite and > 0; it is -0.5 at position 1",
        ),
        ([1.0, 2.0], [1.0, 0.5], ("m1",), "no law can be fitted .m1: 2 distinct x for 2 parameters"),
        ([1.0, 2.0, 4.0], [1.0, 0.5, 0.2], ("chinchilla",), "extrapolate takes laws of one x"),
    ],
)
def test_what_cannot_be_fitted_is_refused(
    x: list[float], y: list[float], candidates: tuple[str, ...], message: str
) -> None:
    with pytest.raises(LawbookError, match=message):
        extrapolate(x, y, [16.0], candidates)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"centre": "medain"}, "did you mean 'median'"),
        ({"recency": ()}, "recency holds at least one power"),
        ({"sharpness": -1.0}, "sharpness must be ≥ 0"),
        ({"origins": (0.5,)}, "all > 1"),
    ],
)
def test_a_rule_without_sense_is_refused(setting: dict[str, object], message: str) -> None:
    with pytest.raises(LawbookError, match=message):
        Rule(**setting)
