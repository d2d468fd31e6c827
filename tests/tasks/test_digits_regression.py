"""Digits as a regression: the images of digits, and targets that say the class."""

from __future__ import annotations

import numpy as np

from lawbook.tasks import tasks
from lawbook.testing import check_task


def test_contract() -> None:
    check_task("digits_regression", {"samples": 100})


def test_the_largest_target_is_the_digit() -> None:
    found, digits = tasks["digits_regression"].examples({}), tasks["digits"].examples({})
    np.testing.assert_array_equal(found.targets.argmax(axis=1), digits.targets)
    np.testing.assert_array_equal(found.inputs, digits.inputs)
    np.testing.assert_allclose(np.square(found.targets).sum(axis=1), 0.9)
