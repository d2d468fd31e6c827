"""The first order in the rate, against descent at small rates that shares no code with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.theory.gradient_flow import exact_curve, modes_first_order, regression_first_order
from lawbook.theory.sgd_oracle import constant_rate_loss


@pytest.mark.parametrize(
    ("time", "ratios"), [(3, [1.323, 1.141, 1.066, 1.032]), (30, [1.241, 1.105, 1.050, 1.024])]
)
def test_the_recursion_comes_to_the_first_order(time: int, ratios: list[float]) -> None:
    flow, first = regression_first_order(time, 64, 4, noise=0.05)
    rates = [0.3, 0.15, 0.075, 0.0375]
    found = [
        (constant_rate_loss(64, rate, 4, [round(time / rate)], noise=0.05)[0] - flow) / (rate * first)
        for rate in rates
    ]

    np.testing.assert_allclose(found, ratios, atol=1.5e-3)
    assert 2 * found[3] - found[2] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("batch_size", [1, 1000])
def test_one_mode_has_its_own_first_order(batch_size: int) -> None:
    time, flow_and_first = 0.7, regression_first_order(0.7, 1, batch_size, noise=0.3)
    found = []
    for steps in (4000, 8000):
        rate, moment = time / steps, 1.0
        floor = regression_first_order(0.0, 1, batch_size, noise=0.3)[0] - 1.0
        for _ in range(steps):
            moment = (1 - rate) ** 2 * moment + rate**2 / batch_size * (2 * moment + floor)
        found.append((moment + floor - flow_and_first[0]) / (rate * flow_and_first[1]))

    assert 2 * found[1] - found[0] == pytest.approx(1, abs=1e-4)


def test_linear_modes_have_theirs() -> None:
    final, initial, time = np.array([1.0, 0.4]), 0.01, 3.0
    flow, first = modes_first_order(time, final, initial)
    found = []
    for steps in (400, 800):
        weight = np.full(2, np.sqrt(initial))
        for _ in range(steps):
            weight += time / steps * weight * (final - weight**2)
        found.append((np.square(final - weight**2).sum() - flow) / (time / steps * first))

    assert 2 * found[1] - found[0] == pytest.approx(1, abs=1e-3)


RUN = {
    "task": "sgd_oracle", "optimizer": "sgd", "schedule": "constant", "warmup": 0.0, "momentum": 0.0,
    "weight_decay": 0.0, "learning_rate": 0.1, "steps": 30, "modes": 8, "batch_size": 4, "input_exponent": 1.5,
    "target_exponent": 1.6, "noise_variance": 0.05, "start": None, "layers": np.nan,
}  # fmt: skip


def test_of_runs_that_it_does_not_cover_nothing_is_said() -> None:
    runs = pd.DataFrame([RUN, RUN | {"momentum": 0.9}, RUN | {"task": "digits"}], index=[3, 4, 5])

    flow, first = exact_curve.first_order(runs, "test_loss")
    assert (flow[0], first[0]) == regression_first_order(3.0, 8, 4, noise=0.05)
    assert np.isnan(flow).tolist() == [False, True, True]
    curve = exact_curve(runs, "steps", "test_loss")
    assert curve[3] == pytest.approx(flow[0] + 0.1 * first[0])
    assert exact_curve(runs, "steps", "train_loss").isna().all()
