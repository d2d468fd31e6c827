"""Modes of a deep linear network: the closed form, the flow of more layers, and networks that descend."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.theory.linear_modes import exact_curve, strength, strengths, time_to
from lawbook.training.stack import train_stack

TASK, MODEL = tasks["linear_modes"], models["deep_linear"]
CONFIG = {
    "task": "linear_modes", "model": "deep_linear", **TASK.axes.defaults(), **MODEL.axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "samples": 3, "n_modes": 3, "width": 5, "start": "aligned", "start_strength": 0.01, "optimizer": "sgd",
    "learning_rate": 0.002, "steps": 2000, "batch_size": 3, "order": "fixed", "evaluations": 12, "dtype": "float64",
}  # fmt: skip


def test_the_flow_of_two_layers_has_the_closed_form() -> None:
    final, times = np.array([1.0, 0.3]), np.linspace(0.0, 20.0, 9)
    logistic = final / (1 + (final / 0.01 - 1) * np.exp(-2 * final * times[:, None]))

    np.testing.assert_allclose(strengths(times, final, 0.01), logistic, rtol=1e-12)
    np.testing.assert_allclose(strength(times, 0.3, 0.01), logistic[:, 1], rtol=1e-12)


@pytest.mark.parametrize("layers", [2, 3, 5])
def test_a_mode_reaches_a_strength_when_the_flow_says(layers: int) -> None:
    final = np.array([1.0, 0.5])
    for mode, s in enumerate(final):
        time = time_to(s / 2, s, 0.05, layers)

        assert strengths(np.array([time]), final, 0.05, layers)[0, mode] == pytest.approx(s / 2, rel=1e-7)
    assert time_to(0.05, 1.0, 0.05, layers) == 0.0
    assert time_to(1.0, 1.0, 0.05, layers) == np.inf


@pytest.mark.parametrize("layers", [2, 3])
def test_descent_at_a_small_rate_follows_the_flow(layers: int) -> None:
    config = CONFIG | {"layers": layers, "start_strength": 0.05}

    curve = train_stack([config]).curve
    steps = np.array(sorted(curve))
    measured = np.array([curve[step]["test/loss"][0] for step in steps])

    np.testing.assert_allclose(measured, exact_curve.along_steps(config, steps, "test_loss"), rtol=0.02)


def test_nothing_is_said_of_what_the_flow_does_not_cover() -> None:
    steps = np.array([0, 10])

    assert np.isnan(exact_curve.along_steps(CONFIG | {"start": "random"}, steps, "test_loss")).all()
    assert np.isnan(exact_curve.along_steps(CONFIG | {"optimizer": "adamw"}, steps, "singular_values")).all()
    assert np.isnan(exact_curve.along_steps(CONFIG, steps, "test_error")).all()
