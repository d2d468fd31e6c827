"""Modular addition as tokens: the equations, and the same pairs given as in the table of vectors."""

from __future__ import annotations

import numpy as np

from lawbook.tasks import modular_addition
from lawbook.tasks.modular_equation import task
from lawbook.testing import check_task

CONFIG = {"task": "modular_equation", "modulus": 7, "samples": 20, "seed": 3}


def test_it_holds_to_its_contract() -> None:
    check_task("modular_equation", {"modulus": 5, "samples": 10})


def test_an_equation_is_two_numbers_and_a_sign_and_names_the_pair_of_the_table() -> None:
    examples, table = task.examples(CONFIG), modular_addition.task.examples(CONFIG)
    first, second = (part.argmax(axis=1) for part in np.split(table.inputs, 2, axis=1))
    np.testing.assert_array_equal(examples.inputs, np.stack([first, second, np.full(49, 7)], 1))
    np.testing.assert_array_equal(examples.targets, table.targets)
    for split, places in modular_addition.task.splits(CONFIG).items():
        np.testing.assert_array_equal(task.splits(CONFIG)[split], places)
