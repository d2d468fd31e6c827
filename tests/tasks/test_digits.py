"""The digits task: disjoint splits, test folds that cover everything, nested pools, uniform label noise."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.pruning.pools import pool_of
from lawbook.tasks.digits import task


def config(**fields: object) -> dict[str, object]:
    return {"task": "digits", "folds": 5, "fold": 0, "samples": 1297, "label_noise": 0.0, "seed": 0} | fields


@pytest.mark.parametrize("folds", [5, 10])
def test_folds_are_disjoint_and_cover_all_images(folds: int) -> None:
    splits = [task.splits(config(folds=folds, fold=fold)) for fold in range(folds)]
    np.testing.assert_array_equal(np.sort(np.concatenate([one["test"] for one in splits])), np.arange(1797))
    assert {len(one["pool"]) for one in splits} == {1297}


def test_a_fold_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(AxisError, match="fold = 5: there are 5 folds, from 0; choose a smaller one, or more"):
        task.check(config(fold=5))


def test_held_out_probes_need_as_many_examples_again() -> None:
    fits = config(samples=400, probe_data="heldout")
    pool, _ = pool_of(task, fits)
    assert len(np.intersect1d(task.probe_pool(fits, pool), pool)) == 0
    assert len(task.probe_pool(fits, pool)) == 400
    assert task.n_pool(fits) == len(task.splits(fits)["pool"])


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
        AxisError, match=r"samples = 5000: the task digits has 1,297 in a pool; choose at most 1297"
    ):
        task.check(config(samples=5000))
