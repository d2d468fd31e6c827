"""Acceptance: the curve of a law is found again, and where the design leaves parameters free, this is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.laws.designs import DESIGNS

from lawbook.laws import laws
from lawbook.laws.design import Data
from lawbook.laws.fit import fit
from lawbook.laws.identify import ILL_CONDITIONED, condition, free_combination
from lawbook.laws.law import Array, Law
from lawbook.laws.solver import Solution, solve

_NAMES = sorted(DESIGNS)


def _found(law: Law, x: Array, log_y: Array) -> Solution:
    once = np.ones((1, len(x)))
    return solve(law, x, Data(log_y[None], once, once == 0))


@pytest.mark.parametrize("name", _NAMES)
def test_a_planted_law_is_found_again(name: str) -> None:
    law, (x, given) = laws[name], DESIGNS[name]
    planted = np.array(given)
    log_y = law.log_predict(x, planted)
    solution = _found(law, x, log_y)
    found = solution.parameters[0]
    assert solution.converged[0]
    np.testing.assert_allclose(np.exp(law.log_predict(x, found)), np.exp(log_y), rtol=1e-8)
    assert condition(law, x, planted) < ILL_CONDITIONED
    if name.startswith("bnsl"):
        found = _by_break(found)
    np.testing.assert_allclose(found, planted, rtol=1e-6)


@pytest.mark.parametrize("name", _NAMES)
def test_a_curve_in_other_units_is_the_same_law(name: str) -> None:
    law, (x, given) = laws[name], DESIGNS[name]
    units = np.full(x.shape[1], 1e-3)
    if law.inputs[0] == "schedule":
        units = np.array([1.0, 1e-3, 1e3])
    log_y = law.log_predict(x, np.array(given))
    solution = _found(law, x * units, log_y + np.log(1e4))
    again = law.log_predict(x * units, solution.parameters[0]) - np.log(1e4)
    np.testing.assert_allclose(np.exp(again), np.exp(log_y), rtol=1e-8)


def _by_break(parameters: Array) -> Array:
    """Return BNSL's parameters with its breaks in the order of d: their labels may be exchanged."""
    breaks = parameters[3:].reshape(-1, 3)
    return np.concatenate([parameters[:3], breaks[np.argsort(breaks[:, 1])].ravel()])


def test_one_ratio_of_tokens_to_parameters_leaves_the_split_of_the_terms_free() -> None:
    N = np.geomspace(1e7, 1e10, 12)
    x = np.stack([N, 20 * N], axis=1)
    law, planted = laws["chinchilla"], np.array([1.8, 480.0, 2100.0, 0.35, 0.35])
    assert condition(law, x, planted) > ILL_CONDITIONED
    first, second = free_combination(law, x, planted).split("; ")
    # The curve has A + B/20^0.35 only, so their difference is free, and one of the exponents with it.
    balance = 2100.0 / 20**0.35 / 480.0
    assert first == f"log A - {balance:.3g} log B"
    assert "log alpha" in second
    assert "log beta" in second
    y = np.exp(law.log_predict(x, planted))
    fitted = fit(
        pd.DataFrame({"N": x[:, 0], "D": x[:, 1], "y": y}),
        "chinchilla",
        y="y",
        x=["N", "D"],
        cluster=None,
        draws=20,
    )
    assert fitted.status == "not_identified"
    # Its optima are many: both terms, or one of them and any exponent of the other.
    assert any(f"leave log {name}" in fitted.reason for name in ("A", "B", "alpha", "beta"))
    np.testing.assert_allclose(np.exp(law.log_predict(x, fitted.parameters)), y, rtol=1e-8)


def test_without_repeated_data_their_worth_is_free() -> None:
    law, (x, given) = laws["data_constrained"], DESIGNS["data_constrained"]
    small = x[(x[:, 1] <= x[:, 2]) & (x[:, 0] < 0.01 * x[:, 1])]
    planted = np.array(given)
    assert condition(law, small, planted) == np.inf
    assert free_combination(law, small, planted) == "log R_star_D; log R_star_N"


def test_one_x_leaves_amplitude_and_exponent_free_together() -> None:
    law = laws["power"]
    assert (
        free_combination(law, np.array([[100.0]]), np.array([3.0, 0.5])) == f"log A + {np.log(100):.3g} alpha"
    )
