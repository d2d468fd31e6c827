"""Independent units are counted as they are planted, and noise draws two units together."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest
import torch

from lawbook.axes import AxisError
from lawbook.measurements import measurements
from lawbook.measurements.view import View
from lawbook.models import TrainedModel, models
from lawbook.tasks import tasks

MLP = cast(TrainedModel, models["mlp"])


def measured(weights: dict[str, np.ndarray]) -> dict[str, float]:
    nothing = torch.empty(1, 0)
    stacked = {name: torch.from_numpy(values)[None] for name, values in weights.items()}
    view = View(MLP, {}, 3, stacked, {}, nothing, nothing, lambda *_: nothing, 1)
    found = measurements["independent_units"].model_validate({}).compute(view)
    return {column: float(values[0]) for column, values in found.items()}


def test_units_are_counted_by_the_weights_into_them_and_out_of_them() -> None:
    into, out = np.eye(3).repeat(2, axis=0), np.eye(3).repeat(2, axis=0).T.copy()  # three units, twice each
    out[:, 1] *= -1  # the second one writes the opposite: independent
    into[5], out[:, 5] = 0.01 * into[5], 0.0  # the last one has vanished
    found = measured({"weight_0": into, "weight_1": out})
    assert found == {"independent_units": pytest.approx(4 / 6), "vanished_units": pytest.approx(1 / 6)}
    biased = measured({"weight_0": into, "bias_0": np.arange(6.0), "weight_1": out})
    assert biased["independent_units"] == 1, "biases tell units apart"


def test_only_perceptrons_have_units_that_are_compared() -> None:
    one = measurements["independent_units"].model_validate({})
    one.check({"width": 4, "depth": 2}, MLP, 3, 1)
    with pytest.raises(AxisError, match="no matrices"):
        one.check(
            {"model": "residual_mlp", "width": 4, "depth": 1},
            cast(TrainedModel, models["residual_mlp"]),
            3,
            1,
        )


def test_points_stay_and_their_noise_is_fresh_and_as_large_as_asked_for() -> None:
    config = {"points": 4, "dimension": 2, "noise": 0.5, "batch_size": 4, "seed": 1}
    stream = tasks["noisy_points"].open([config, config | {"noise": 0.0}])
    batches = [stream.batch(step) for step in range(200)]
    order = [np.lexsort(inputs[0].T) for inputs, _ in batches]
    for (inputs, _), places in zip(batches, order, strict=True):
        np.testing.assert_array_equal(inputs[0][places], batches[0][0][0][order[0]])
    noise = np.array(
        [(targets[0] - targets[1])[places] for (_, targets), places in zip(batches, order, strict=True)]
    )
    assert noise.std(axis=0) == pytest.approx(0.5, rel=0.2)
    assert noise.mean() == pytest.approx(0, abs=0.06)
    ((key, loss),) = stream.evaluate({}, lambda inputs: np.zeros((*inputs.shape[:2], 1))).items()
    assert key == ("test", "loss")
    assert loss[0] == pytest.approx(np.square(batches[0][1][1]).mean())
