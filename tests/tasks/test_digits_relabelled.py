"""Digits of which some training labels are replaced: which, how many, and that nobody is asked for a wrong one."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.tasks import PoolTask, tasks
from lawbook.testing import check_task


def test_contract() -> None:
    check_task("digits_relabelled", {"samples": 100, "replaced": 0.3})


@pytest.mark.parametrize("share", [0.0, 0.2, 1.0])
def test_a_share_of_the_training_labels_is_drawn_uniformly(share: float) -> None:
    task, right = tasks["digits_relabelled"], tasks["digits_regression"].examples({}).targets
    assert isinstance(task, PoolTask)
    config = {"folds": 10, "fold": 3, "replaced": share}
    found, splits = task.examples(config), task.splits(config)
    for split in ("test", "validation"):
        np.testing.assert_array_equal(found.targets[splits[split]], right[splits[split]])
    images = splits["pool"] % 1797
    np.testing.assert_array_equal(images, tasks["digits"].splits(config)["pool"])
    np.testing.assert_array_equal(found.inputs[splits["pool"]], found.inputs[images])
    wrong = (found.targets[splits["pool"]] != right[images]).any(axis=1).mean()
    assert abs(wrong - 0.9 * share) < 0.04, "a tenth of the drawn labels is right by chance"
