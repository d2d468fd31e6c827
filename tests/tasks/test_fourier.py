"""The Fourier series has the frequencies, variance and shared target that it promises."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.tasks.fourier import Series
from lawbook.testing import check_task

task = tasks["fourier"]
BASE = {
    "task": "fourier", "model": "mlp",
    **task.axes.defaults(), **models["mlp"].axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "dimension": 3, "terms": 400, "batch_size": 64,
}  # fmt: skip


def test_contract():
    check_task("fourier", {"terms": 50})


def test_targets_are_the_series_at_the_inputs_and_the_same_function_for_all_seeds():
    inputs, targets = task.open([BASE, BASE | {"seed": 7}]).batch(5)
    series = Series(BASE)
    assert np.abs(inputs).max() <= 0.5
    for x, y in zip(inputs.reshape(-1, 3).astype(float), targets.ravel(), strict=True):
        angles = 2 * np.pi * series.frequencies @ x + series.phases
        assert y == pytest.approx(series.amplitudes @ np.cos(angles), abs=2e-4)


def test_frequencies_are_whole_and_their_sizes_a_power_law():
    one = Series(BASE | {"dimension": 1, "terms": 20_000, "frequency_exponent": 2.0})
    sizes = np.abs(one.frequencies[:, 0])
    assert (sizes == np.rint(sizes)).all()
    # In one dimension the direction is ±1: P(round κ ≥ k) = (k - ½)^-2.
    for k in (2, 4, 8):
        share = (k - 0.5) ** -2.0
        assert (sizes >= k).mean() == pytest.approx(share, abs=4 * np.sqrt(share / 20_000))
    assert np.sum(one.amplitudes**2) == pytest.approx(2)


def test_the_loss_is_the_mean_squared_residual_on_one_test_split():
    stream = task.open([BASE, BASE | {"seed": 1}])
    ((key, loss),) = stream.evaluate({}, lambda inputs: np.zeros((*inputs.shape[:2], 1))).items()
    assert key == ("test", "loss")
    assert loss[0] == loss[1] == pytest.approx(np.mean(stream._targets.astype(float) ** 2))
