"""The digits task: disjoint splits, test folds that cover everything, nested pools, uniform label noise."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.tasks.digits import task
from lawbook.training.sources import pool_of


def config(**fields: object) -> dict[str, object]:
    return {"task": "digits", "fold": 0, "samples": 1297, "label_noise": 0.0, "seed": 0} | fields


def test_folds_are_disjoint_and_cover_all_images() -> None:
    tests = np.concatenate([task.splits(config(fold=fold))["test"] for fold in range(5)])
    np.testing.assert_array_equal(np.sort(tests), np.arange(1797))


@pytest.mark.parametrize("fold", range(5))
def test_splits_of_a_fold_are_disjoint(fold: int) -> None:
    splits = task.splits(config(fold=fold))
    together = np.concatenate(list(splits.values()))
    assert len(together) == len(set(together.tolist()))
    assert len(splits["pool"]) == 1297
    assert len(splits["test"]) == task.n_eval(config(fold=fold))


def test_pools_of_one_seed_are_nested() -> None:
    small, _ = pool_of(task, config(samples=32))
    large, _ = pool_of(task, config(samples=400))
    np.testing.assert_array_equal(small, large[:32])


def test_full_label_noise_leaves_no_information() -> None:
    pool, labels = pool_of(task, config(label_noise=1.0))
    truth = task.examples(config()).targets
    assert abs(np.mean(labels[pool] == truth[pool]) - 0.1) < 0.03
    outside = np.setdiff1d(np.arange(1797), pool)
    np.testing.assert_array_equal(labels[outside], truth[outside])


def test_more_samples_than_the_task_has_is_one_clear_error() -> None:
    with pytest.raises(
        AxisError, match=r"samples = 5000: the task digits has 1297 in a pool; choose at most 1297"
    ):
        task.check(config(samples=5000))
