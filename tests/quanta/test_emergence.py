"""When planted samples are learned, and how their losses fall over sizes."""

from __future__ import annotations

import numpy as np

from lawbook.quanta.emergence import KINDS, kind_of_fall, steps_to_learn


def test_a_sample_is_learned_from_where_its_loss_stays_low() -> None:
    losses = np.array([[3.0, 0.1, 3.0, 0.1], [0.2, 2.0, 3.0, 0.1], [0.1, 0.2, 3.0, 0.2]])
    found = steps_to_learn(losses, [10, 20, 40])
    np.testing.assert_array_equal(found, [20, 40, np.nan, 10])


def test_falls_are_named_by_their_largest_step() -> None:
    losses = np.array(
        [
            [6.0, 5.9, 0.2, 0.1, 0.1],  # at once
            [6.0, 4.5, 3.0, 1.5, 0.0],  # bit by bit
            [6.0, 2.0, 1.0, 0.5, 0.0],  # two thirds in one step
            [6.0, 1.0, 4.0, 1.5, 1.0],  # down and up again
            [6.0, 6.2, 5.9, 5.5, 5.4],  # hardly
            [0.5, 2.0, 3.0, 4.0, 5.0],  # the wrong way
        ]
    )
    kinds = [KINDS[kind] for kind in kind_of_fall(losses)]
    assert kinds == ["monogenic", "polygenic", "between", "between", "unlearned", "unlearned"]


def test_noise_about_one_loss_is_no_fall() -> None:
    losses = 2 + 0.2 * np.random.default_rng(0).normal(size=(500, 5))
    assert (np.array(KINDS)[kind_of_fall(losses)] == "unlearned").all()
