"""The task teacher_logistic: the examples of the perceptron in fewer dimensions, with the teacher as oracle."""

from __future__ import annotations

import numpy as np

from lawbook.models import models
from lawbook.tasks import tasks
from lawbook.tasks._teacher import teacher
from lawbook.tasks.teacher_logistic import task

CONFIG = {"task": "teacher_logistic", "dimension": 50, "samples": 500, "seed": 3}


def test_its_examples_are_those_of_the_perceptron():
    mine = task.examples(CONFIG)
    theirs = tasks["perceptron"].examples({**CONFIG, "probe_angle_deg": 0.0})
    np.testing.assert_array_equal(mine.inputs, theirs.inputs)
    np.testing.assert_array_equal(mine.targets, theirs.targets)


def test_the_oracle_is_the_teacher():
    inputs = task.examples(CONFIG).inputs
    np.testing.assert_allclose(task.margins(CONFIG), np.abs(inputs @ teacher(50, 3)), rtol=1e-12)


def test_more_examples_teach_more():
    errors = []
    for samples in (50, 400, 3200):
        config = {**CONFIG, "samples": samples, "ridge": 0.01}
        examples = task.examples(config)
        weights = models["logistic"].solve(config, examples.inputs.astype(np.float64), examples.targets)
        errors.append(task.exact_metrics(config, weights)["error"])
    # At large α the error of a student between the largest margin and Bayes is 0.44 to 0.50 per α.
    assert errors[0] > errors[1] > errors[2]
    assert 0.4 < errors[2] * 64 < 0.6
