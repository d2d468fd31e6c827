"""Batches are whole permutations, and any stretch of them can be had without what came before."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lawbook.seeds import batch_positions


@given(
    n=st.integers(1, 300), batch_size=st.integers(1, 70), first=st.integers(0, 400), steps=st.integers(1, 20),
    seed=st.integers(0, 5),
)  # fmt: skip
def test_a_stretch_equals_the_same_steps_of_the_whole(
    n: int, batch_size: int, first: int, steps: int, seed: int
) -> None:
    whole = batch_positions(seed, "order", n, batch_size, 0, first + steps)
    np.testing.assert_array_equal(batch_positions(seed, "order", n, batch_size, first, steps), whole[first:])


@given(n=st.integers(1, 200), epochs=st.integers(1, 12))
def test_every_epoch_visits_every_example_once(n: int, epochs: int) -> None:
    stream = batch_positions(0, "order", n, 1, 0, n * epochs).reshape(epochs, n)
    np.testing.assert_array_equal(np.sort(stream, axis=1), np.broadcast_to(np.arange(n), (epochs, n)))


def test_purposes_and_seeds_give_other_orders() -> None:
    orders = [
        batch_positions(*key, 50, 50, 0, 1).tolist() for key in ((0, "order"), (1, "order"), (0, "probe 0"))
    ]
    assert orders[0] != orders[1] != orders[2] != orders[0]
