"""Batches have the moments of the theory, each of a set its examples once, and the excess is exact in the weights."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.check_run import check_config
from lawbook.tasks import StreamTask, tasks
from lawbook.theory.batch_noise import data_set, excess_along, variances
from lawbook.training.stack import train_stack

TASK = tasks["batch_noise"]
assert isinstance(TASK, StreamTask)
BASE = {
    "task": "batch_noise", "model": "linear", **TASK.axes.defaults(), **models["linear"].axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "dimension": 3, "copies": 4, "optimizer": "sgd", "learning_rate": 0.3, "batch_size": 2, "steps": 4,
    "evaluations": 4,
}  # fmt: skip
SET = BASE | {"samples": 6}


def never(inputs):
    raise AssertionError("the excess follows from the weights alone")


def test_fresh_examples_have_the_moments_of_the_theory():
    config = BASE | {"copies": 2000, "batch_size": 25, "input_exponent": 1.0, "start_distance": 2.0}
    inputs, targets = TASK.open([config]).batch(3)
    x = inputs[0].astype(float)
    residuals = targets[0] - x @ np.full(3, 2.0 / np.sqrt(3))

    np.testing.assert_allclose(np.square(x).mean(axis=0), variances(3, 1.0), rtol=0.03)
    assert residuals.var() == pytest.approx(0.5, rel=0.03)


def test_a_batch_of_a_set_holds_no_example_twice():
    stream = TASK.open([SET | {"copies": 50, "batch_size": 4}])
    inputs, targets = stream.batch(0)
    x, r = data_set(3, 6, 0.0, 0.5, 0)
    places = np.array([np.abs(x - row).sum(axis=1).argmin() for row in inputs[0]])

    np.testing.assert_allclose(targets[0], r[places], rtol=1e-5)
    assert all(len(set(batch)) == 4 for batch in places.reshape(50, 4))
    assert np.bincount(places, minlength=6).min() > 0
    assert not (inputs == stream.batch(1)[0]).all()


def test_examples_are_a_function_of_seed_and_step():
    alone = TASK.open([BASE | {"seed": 2}]).batch(4)
    stack = TASK.open([BASE, BASE | {"seed": 2, "noise_variance": 2.0}, BASE | {"seed": 2}]).batch(4)

    np.testing.assert_array_equal(stack[0][2:], alone[0])
    np.testing.assert_array_equal(stack[1][2:], alone[1])
    np.testing.assert_allclose(stack[1][1], 2 * stack[1][2])


def test_the_excess_is_the_loss_above_its_least():
    weight = np.random.default_rng(0).normal(size=(1, 4, 3, 1))
    w = 2 * weight[0, ..., 0]
    x, r = data_set(3, 6, 0.0, 0.5, 0)
    loss = np.square(w @ x.T - r).mean() - np.square(r).mean()

    excess = TASK.open([SET]).evaluate({"weight": weight}, never)["test", "loss"]
    assert excess[0] == pytest.approx(loss, rel=1e-5)
    fresh = TASK.open([BASE | {"input_exponent": 1.0}]).evaluate({"weight": weight}, never)["test", "loss"]
    assert fresh[0] == pytest.approx((np.square(w) @ variances(3, 1.0)).mean())


def test_trained_runs_follow_the_recursion():
    config = BASE | {"copies": 20_000, "start_distance": 1.0}
    module = train_stack([config])
    steps = sorted(module.curve)
    measured = np.array([module.curve[step]["test/loss"][0] for step in steps])

    exact = excess_along(0.3, 2, np.ones(3), 0.5, 1.0, steps)
    np.testing.assert_allclose(measured, exact, rtol=0.03)


def test_full_batches_of_a_set_stay_at_the_least_loss():
    curve = train_stack([SET | {"batch_size": 6}]).curve

    assert curve[4]["test/loss"][0] < 1e-10


@pytest.mark.parametrize(
    ("axis", "changed"),
    [
        ("loss", {"loss": "cross_entropy"}),
        ("samples", {"samples": 3}),
        ("samples", {"samples": 6, "batch_size": 7}),
    ],
)
def test_what_has_no_known_excess_is_refused(axis, changed):
    with pytest.raises(AxisError) as raised:
        check_config(BASE | changed)
    assert raised.value.axis == axis
