"""Halves of patches share no image, and follow the moments of all patches where they are normal."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.axes import AxisError
from lawbook.tasks import tasks
from lawbook.theory.digit_patches import moments, patches

task = tasks["digit_patches"]
BASE = task.axes.defaults() | {"seed": 0}


def test_halves_of_images_are_whole_images_that_only_one_has():
    examples = task.examples(BASE | {"samples": 320})
    known = {image.tobytes(): number for number, image in enumerate(patches())}
    drawn = [known[image.tobytes()] for image in examples.targets.reshape(-1, 16, 25)]
    assert len({*drawn}) == len(drawn) == 20
    np.testing.assert_array_equal(examples.inputs[:, :-1], examples.targets)
    np.testing.assert_array_equal(examples.inputs[:, -1], np.repeat([0, 1], 160))


def test_single_patches_come_from_many_images_and_each_once():
    examples = task.examples(BASE | {"samples": 28_752, "source": "patches"})
    every = patches().reshape(-1, 25)
    order = [np.lexsort(rows.T) for rows in (examples.targets, every)]
    np.testing.assert_array_equal(examples.targets[order[0]], every[order[1]])


def test_normal_examples_have_the_moments_of_the_patches():
    drawn = task.examples(BASE | {"samples": 40_000, "source": "gaussian"}).targets
    mean, covariance = moments()
    spread = np.sqrt(np.diag(covariance) / len(drawn))
    assert (np.abs(drawn.mean(axis=0) - mean) < 4.5 * spread + 1e-12).all()
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.01)


def test_draws_follow_from_seed_and_size():
    first, again, other = (task.examples(BASE | {"samples": 320, "seed": seed}).targets for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(task.examples(BASE | {"samples": 640}).targets[:320], first)


@pytest.mark.parametrize(
    ("axes", "told"),
    [
        ({"samples": 100}, "hold a multiple of 32; write 96"),
        ({"samples": 101, "source": "gaussian"}, "hold a multiple of 2; write 100"),
        ({"samples": 32_000, "source": "patches"}, "give no more than 28,752; choose at most 28752"),
        ({"samples": 32_000}, "give no more than 28,736; choose at most 28736"),
        ({"samples": 1 << 21, "source": "gaussian"}, "too many"),
    ],
)
def test_what_cannot_be_drawn_is_told(axes, told):
    with pytest.raises(AxisError, match=told):
        task.check(BASE | axes)
