"""The perceptron task: nested pools, a probe at its angle, and a test error that is the population's."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.pruning.pools import pool_of
from lawbook.tasks._teacher import BLOCK, teacher
from lawbook.tasks.perceptron import task


def config(**fields):
    base = {"task": "perceptron", "dimension": 40, "samples": 300, "probe_angle_deg": 0.0, "seed": 0}
    return base | fields


@pytest.mark.parametrize("samples", [1, BLOCK - 1, BLOCK, 2 * BLOCK + 7])
def test_pools_of_one_seed_are_nested(samples):
    small, large = task.examples(config(samples=samples)), task.examples(config(samples=3 * BLOCK))
    np.testing.assert_array_equal(small.inputs, large.inputs[:samples])
    np.testing.assert_array_equal(small.targets, large.targets[:samples])
    pool, labels = pool_of(task, config(samples=samples))
    np.testing.assert_array_equal(np.sort(pool), np.arange(samples))
    np.testing.assert_array_equal(labels, small.targets)


def test_every_seed_has_its_own_teacher_and_examples():
    first, second = task.examples(config(seed=1)), task.examples(config(seed=2))
    assert not np.isin(first.inputs, second.inputs).all(axis=1).any()
    assert abs(teacher(40, 1) @ teacher(40, 2)) < 0.6


def test_the_teacher_labels_gaussian_examples():
    examples = task.examples(config(samples=20_000))
    np.testing.assert_array_equal(examples.targets, examples.inputs @ teacher(40, 0) > 0)
    np.testing.assert_allclose(np.cov(examples.inputs.T), np.eye(40), atol=0.06)
    assert abs(examples.targets.mean() - 0.5) < 4 * 0.5 / np.sqrt(20_000)


def test_a_held_out_pool_is_another_draw_beside_the_same_pool():
    pool, _ = pool_of(task, config())
    beside = task.probe_pool(config(), pool)
    both = task.examples(config(learns="heldout"))
    assert len(beside) == len(pool)
    np.testing.assert_array_equal(both.inputs[pool], task.examples(config()).inputs[pool])
    assert not np.isin(both.inputs[beside], both.inputs[pool]).all(axis=1).any()
    np.testing.assert_array_equal(both.targets[beside], both.inputs[beside] @ teacher(40, 0) > 0)


@pytest.mark.parametrize("angle", [0.0, 10.0, 40.0, 90.0])
def test_the_probe_lies_at_its_angle(angle):
    probe = task.probe(config(probe_angle_deg=angle))
    assert np.linalg.norm(probe) == pytest.approx(1, abs=1e-12)
    assert probe @ teacher(40, 0) == pytest.approx(np.cos(np.deg2rad(angle)), abs=1e-12)
    margins = task.margins(config(probe_angle_deg=angle))
    np.testing.assert_allclose(margins, np.abs(task.examples(config()).inputs @ probe), rtol=1e-12)
    assert (margins >= 0).all()


def test_the_exact_error_is_that_of_many_fresh_examples():
    student = teacher(40, 0) + 0.05 * np.random.default_rng(0).standard_normal(40)
    exact = task.exact_metrics(config(), {"weight": student})["error"]
    fresh = task.examples(config(samples=100_000))
    counted = np.mean((fresh.inputs @ student > 0) != fresh.targets)
    assert abs(counted - exact) < 4 * np.sqrt(exact * (1 - exact) / 100_000)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-3, 1.0, np.pi - 1e-9])
def test_the_exact_error_keeps_its_digits_near_0_and_1(angle):
    true = teacher(40, 0)
    aside = np.random.default_rng(0).standard_normal(40)
    aside -= (aside @ true) * true
    student = np.cos(angle) * true + np.sin(angle) * aside / np.linalg.norm(aside)
    error = task.exact_metrics(config(), {"weight": 7.0 * student})["error"]
    assert error == pytest.approx(angle / np.pi, rel=1e-3, abs=1e-16)


def test_a_pool_beyond_memory_is_one_clear_error():
    task.check(config(samples=1 << 20))
    with pytest.raises(AxisError, match=r"samples = 10000000: in 40 dimensions .* choose at most 3355443"):
        task.check(config(samples=10_000_000))
