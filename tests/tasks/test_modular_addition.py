"""Modular addition: the sums, inputs that name both numbers, and two parts of the table that share no pair."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.pruning.pools import pool_of
from lawbook.tasks.modular_addition import task
from lawbook.testing import check_task


def config(**fields: object) -> dict[str, object]:
    return {"task": "modular_addition", "modulus": 7, "samples": 20, "seed": 0} | fields


def test_it_holds_to_its_contract() -> None:
    check_task("modular_addition", {"modulus": 5, "samples": 10})


def test_an_input_names_two_numbers_and_the_class_is_their_sum() -> None:
    examples = task.examples(config())
    first, second = (part.argmax(axis=1) for part in np.split(examples.inputs, 2, axis=1))
    assert {*zip(first.tolist(), second.tolist(), strict=True)} == {
        (a, b) for a in range(7) for b in range(7)
    }
    np.testing.assert_array_equal(examples.inputs.sum(axis=1), 2.0)
    np.testing.assert_array_equal(examples.targets, [(a + b) % 7 for a in range(7) for b in range(7)])


def test_all_pairs_that_are_not_given_are_the_test_and_pools_are_nested() -> None:
    splits = task.splits(config())
    np.testing.assert_array_equal(np.sort(np.concatenate([splits["pool"], splits["test"]])), np.arange(49))
    assert len(splits["test"]) == task.n_eval(config()) == 29
    more = task.splits(config(samples=30))["pool"]
    assert set(splits["pool"]) < set(more)
    assert set(task.splits(config(seed=1))["pool"]) != set(splits["pool"])
    np.testing.assert_array_equal(np.sort(pool_of(task, config())[0]), splits["pool"])
    # The digest of the data is that of the task's axes, without a seed.
    np.testing.assert_array_equal(task.splits({"modulus": 7, "samples": 20})["pool"], splits["pool"])


def test_a_table_that_is_given_whole_is_one_clear_error() -> None:
    with pytest.raises(
        AxisError, match=r"samples = 49: the table of modulus 7 has 49 pairs.*give at most 48"
    ):
        task.check(config(samples=49))
