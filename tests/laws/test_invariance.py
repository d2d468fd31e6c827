"""Acceptance: units of x and y, row order and the scale of the loss change nothing in a fit to noisy data."""

from __future__ import annotations

import numpy as np
import pytest
from tests.laws.designs import DESIGNS

from lawbook.laws import laws
from lawbook.laws.solver import Data, Loss, solve
from lawbook.seeds import generator

_LOSSES = (Loss(), Loss("log_huber", 1e-2), Loss("log_absolute"))


def _data(log_y: np.ndarray, weights: np.ndarray) -> Data:
    return Data(log_y[None], weights[None], np.zeros((1, len(log_y)), dtype=bool))


_CASES = [
    # Of laws with many parameters the least absolute deviations have many optima that are nearly as good.
    (name, loss)
    for name in sorted(DESIGNS)
    for loss in _LOSSES
    if loss.shape != "absolute" or (len(laws[name].nonlinear) <= 2 and laws[name].centred)
]


@pytest.mark.parametrize(("name", "loss"), _CASES, ids=lambda case: getattr(case, "shape", case))
def test_units_order_and_scale_change_nothing(name: str, loss: Loss) -> None:
    law, (x, planted) = laws[name], DESIGNS[name]
    rng = generator(0, f"invariance {name}")
    log_y = law.log_predict(x, np.array(planted)) + 0.01 * rng.standard_normal(len(x))
    weights = rng.uniform(0.5, 2.0, len(x))
    solution = solve(law, x, _data(log_y, weights), loss)
    fitted = law.log_predict(x, solution.parameters[0])
    history = law.inputs[0] == "schedule"
    units = np.array([1.0, 1e-3, 1e3]) if history else np.array([1e6, 1e-4, 1e3])[: x.shape[1]]
    if law.inputs == ("N", "D", "U"):
        units[2] = units[1]  # both count tokens
    order = np.arange(len(x)) if history else rng.permutation(len(x))
    for at, unit, log_unit, scale in (
        (slice(None), units, 0.0, 1.0),
        (slice(None), 1.0, np.log(1e5), 1e3),
        (order, 1.0, 0.0, 1e-3),
    ):
        again = solve(law, (x * unit)[at], _data((log_y + log_unit)[at], scale * weights[at]), loss)
        curve = law.log_predict((x * unit)[at], again.parameters[0]) - log_unit
        np.testing.assert_allclose(again.objective, solution.objective, rtol=1e-8)
        np.testing.assert_allclose(curve, fitted[at], atol=1e-8)


@pytest.mark.parametrize("name", ["huber", "log1p_huber", "log1p_least_squares"])
def test_a_loss_in_units_of_y_turns_its_constants_or_changes(name: str) -> None:
    law, (x, planted) = laws["power_floor"], DESIGNS["power_floor"]
    log_y = law.log_predict(x, np.array(planted)) + 0.05 * generator(0, "units").standard_normal(len(x))
    ones = np.ones(len(x))
    delta = 0.02 if name.endswith("huber") else None
    one = solve(law, x, _data(log_y, ones), Loss(name, delta)).parameters[0]
    unit = 1e3
    turned = Loss(name, delta * unit if name == "huber" and delta else delta)
    other = solve(law, x, _data(log_y + np.log(unit), ones), turned).parameters[0]
    same = np.allclose(one, other / np.array([unit, unit, 1.0]), rtol=1e-7)
    assert same == (name == "huber")
