"""Two pathways, one of them blocked for a time: what is conserved, the closed forms, and networks that descend."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import brentq

from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.theory.linear_modes import strength
from lawbook.theory.two_pathways import exact_curve, strengths
from lawbook.training.stack import train_stack

TASK, MODEL = tasks["two_pathways"], models["pathways"]
CONFIG = {
    "task": "two_pathways", "model": "pathways", **TASK.axes.defaults(), **MODEL.axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "width": 3, "n_modes": 2, "batch_size": 2, "start": "aligned", "start_strength": 0.01, "optimizer": "sgd",
    "learning_rate": 0.02, "steps": 300, "evaluations": 8, "dtype": "float64",
}  # fmt: skip


def share(found):
    return found[0] / found.sum()


@pytest.mark.parametrize("blocked", [0.5, 2.0, 6.0])
def test_two_layers_conserve_the_ratio_that_a_deficit_leaves(blocked: float) -> None:
    found = strengths(np.array([40.0]), 1.0, 1e-3, 2, (0.0, blocked))[0]

    other = float(strength(blocked, 1.0, 1e-3))
    assert share(found) == pytest.approx(1e-3 / (1e-3 + other), rel=1e-6)
    assert found.sum() == pytest.approx(1.0, rel=1e-9)


def test_half_of_the_target_is_learned_when_the_window_closes() -> None:
    closes = np.log(1.0 / 1e-3) / 2
    found = strengths(np.array([40.0]), 1.0, 1e-3, 2, (0.0, closes))[0]

    assert share(found) == pytest.approx(2e-3, rel=3e-3)


def test_one_layer_conserves_the_difference_and_three_that_of_inverse_weights() -> None:
    one = strengths(np.array([60.0]), 1.0, 1e-9, 1, (0.0, 2.0))[0]
    assert share(one) == pytest.approx(np.exp(-2.0) / 2, rel=1e-6)

    border, last = strengths(np.array([2.0, 60.0]), 1.0, 0.01, 3, (0.0, 2.0))
    gap = border[0] ** (-1 / 3) - border[1] ** (-1 / 3)
    first = brentq(lambda a: a ** (-1 / 3) - (1 - a) ** (-1 / 3) - gap, 1e-6, 0.5)
    assert share(last) == pytest.approx(first, rel=1e-6)


def test_a_late_deficit_leaves_both_pathways_too_strong_and_then_in_proportion() -> None:
    border, last = strengths(np.array([32.0, 80.0]), 1.0, 1e-3, 2, (30.0, 32.0))

    assert border[0] == pytest.approx(0.5, rel=1e-6)
    assert border[1] == pytest.approx(float(strength(2.0, 1.0, 0.5)), rel=1e-6)
    assert share(last) == pytest.approx(share(border), rel=1e-6)


@pytest.mark.parametrize(("layers", "start"), [(1, 0), (2, 60), (3, 40)])
def test_descent_at_a_small_rate_follows_the_flow(layers: int, start: int) -> None:
    config = CONFIG | {"layers": layers, "deficit_start": start, "deficit_steps": 80}

    curve = train_stack([config]).curve
    steps = np.array(sorted(curve))
    for metric in ("share", "loss"):
        measured = np.array([curve[step][f"test/{metric}"][0] for step in steps])
        exact = exact_curve.along_steps(config, steps, f"test_{metric}")
        np.testing.assert_allclose(measured, exact, rtol=0.04, atol=1e-3)


def test_nothing_is_said_of_what_the_flow_does_not_cover() -> None:
    steps = np.array([0, 10])

    assert np.isnan(exact_curve.along_steps(CONFIG | {"start": "random"}, steps, "test_share")).all()
    assert np.isnan(exact_curve.along_steps(CONFIG, steps, "test_error")).all()
    with pytest.raises(ValueError, match="n_layers ≥ 1"):
        strengths(np.array([1.0]), 1.0, 0.0)
