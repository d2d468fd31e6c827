"""The task teacher_student: teachers of the stated dimension, scaled, and one for each seed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.tasks import tasks
from lawbook.tasks.teacher_student import Teacher
from lawbook.testing import check_task

task = tasks["teacher_student"]


def config(**changed: Any) -> dict[str, Any]:
    return {"task": "teacher_student", "batch_size": 64, "seed": 0, **task.axes.defaults(), **changed}


@pytest.mark.parametrize("changed", [{"factors": 2}, {"manifold": "torus"}, {"samples": 300}])
def test_contract(changed: dict[str, Any]) -> None:
    check_task("teacher_student", changed)


@pytest.mark.parametrize("factors", [1, 2])
def test_targets_have_mean_0_and_variance_1_and_differ_by_seed(factors: int) -> None:
    inputs, targets = Teacher(config(factors=factors, seed=1)).draw("any", 0, 20_000)
    assert np.abs(inputs[:, :4]).max() <= np.sqrt(3) + 1e-6
    assert (inputs[:, 4:] == 0).all()
    assert (targets.mean(), targets.var()) == (pytest.approx(0, abs=0.05), pytest.approx(1, abs=0.05))
    others = Teacher(config(factors=factors, seed=2)).raw(inputs[:, :4]).sum(1)
    assert np.abs(np.corrcoef(others, targets)[0, 1]) < 0.99


def test_two_teachers_are_added_and_each_reads_its_own_coordinates() -> None:
    teacher = Teacher(config(factors=2))
    points = teacher.points(np.random.default_rng(0), 50)
    moved = points.copy()
    moved[:, 2:] = 0.1
    assert (teacher.raw(moved)[:, 0] == teacher.raw(points)[:, 0]).all()
    assert (teacher.raw(moved)[:, 1] != teacher.raw(points)[:, 1]).all()
    with pytest.raises(AxisError, match="does not divide 4"):
        task.check(config(factors=3))
    with pytest.raises(AxisError, match="takes 10 numbers"):
        task.check(config(dimension=5, manifold="torus"))


def test_runs_of_one_stack_learn_in_several_dimensions_as_each_does_alone() -> None:
    configs = [config(dimension=d, seed=seed, samples=500) for d, seed in ((2, 0), (4, 0), (2, 0), (2, 1))]
    inputs, targets = task.open(configs).batch(40)
    assert (inputs[0] == inputs[2]).all()
    assert (inputs[0] != inputs[3]).any()
    for run, one in enumerate(configs):
        alone = task.open([one]).batch(40)
        assert (alone[0][0] == inputs[run]).all()
        assert (alone[1][0] == targets[run]).all()


def test_without_biases_a_teacher_is_a_cone() -> None:
    teacher = Teacher(config(teacher_bias=0.0))
    points = teacher.points(np.random.default_rng(0), 50)
    np.testing.assert_allclose(teacher.raw(2 * points), 2 * teacher.raw(points), rtol=1e-4, atol=1e-6)


def test_points_of_a_torus_lie_on_circles() -> None:
    points = Teacher(config(manifold="torus", dimension=3)).points(np.random.default_rng(0), 100)
    np.testing.assert_allclose((points.reshape(100, 3, 2) ** 2).sum(2), 2, rtol=1e-5)


def test_a_teacher_that_is_the_same_everywhere_has_the_target_0() -> None:
    targets = [Teacher(config(teacher_width=1, seed=seed)).draw("any", 0, 20)[1] for seed in range(8)]
    assert np.isfinite(targets).all()
    assert (np.ptp(targets, axis=1) == 0).any()
