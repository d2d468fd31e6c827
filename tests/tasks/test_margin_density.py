"""Examples have the margins and the classes that the theory assumes, and runs follow its descent."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi, kstest

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.check_run import check_config
from lawbook.tasks import StreamTask, tasks
from lawbook.theory.margin_density import descent_loss
from lawbook.training.stack import train_stack

TASK = tasks["margin_density"]
assert isinstance(TASK, StreamTask)
BASE = {
    "task": "margin_density", "model": "linear", **TASK.axes.defaults(), **models["linear"].axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "dimension": 3, "optimizer": "sgd", "learning_rate": 1.0, "batch_size": 20_000, "steps": 5, "evaluations": 5,
}  # fmt: skip


@pytest.mark.parametrize("exponent", [0.0, 3.0])
def test_margins_have_their_density(exponent):
    inputs, targets = TASK.open([BASE | {"margin_exponent": exponent}]).batch(2)

    assert not targets.any()
    assert kstest(inputs[0, :, 0], chi(exponent + 1).cdf).pvalue > 0.01
    assert kstest(inputs[0, :, 1], "norm").pvalue > 0.01


def test_labels_of_an_uncertain_teacher_are_drawn():
    u = TASK.open([BASE | {"teacher_scale": 2.0}]).batch(0)[0][0, :, 0].astype(float)
    expected = (1 / (1 + np.exp(-2.0 * np.abs(u)))).mean()

    assert (u > 0).mean() == pytest.approx(expected, abs=0.01)


def test_examples_are_a_function_of_seed_and_step():
    alone = TASK.open([BASE | {"seed": 2}]).batch(4)[0]
    stack = TASK.open([BASE, BASE | {"seed": 2, "margin_exponent": 1.0}, BASE | {"seed": 2}]).batch(4)[0]

    np.testing.assert_array_equal(stack[2], alone[0])
    np.testing.assert_array_equal(stack[1, :, 1:], stack[2, :, 1:])
    assert not (stack[0] == stack[2]).all()


def test_trained_runs_follow_the_descent():
    configs = [BASE | {"margin_exponent": exponent} for exponent in (0.0, 1.0)]
    module = train_stack(configs)
    steps = sorted(module.curve)

    for run, config in enumerate(configs):
        measured = [module.curve[step]["test/loss"][run] for step in steps]
        np.testing.assert_allclose(measured, descent_loss(1.0, config["margin_exponent"], steps), rtol=0.02)


def test_copies_move_as_if_alone():
    alone = train_stack([BASE | {"batch_size": 200}]).curve[5]["test/loss"][0]
    copies = train_stack([BASE | {"batch_size": 200, "copies": 50}]).curve[5]["test/loss"][0]

    assert copies == pytest.approx(alone, rel=0.2)


@pytest.mark.parametrize(("axis", "value"), [("loss", "cross_entropy"), ("output_multiplier", 2.0)])
def test_what_has_no_integrated_loss_is_refused(axis, value):
    with pytest.raises(AxisError) as raised:
        check_config(BASE | {axis: value})
    assert raised.value.axis == axis
