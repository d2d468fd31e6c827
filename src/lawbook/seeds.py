"""Randomness: every random number, and every order of examples, is a pure function of a seed and a purpose."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

_GROUP = 4096
"""Positions shuffled with one generator: creating a generator costs as much as shuffling a thousand positions."""


def generator(seed: int, purpose: str, *counters: int) -> np.random.Generator:
    """Return the generator of one seed and purpose; other purposes and counters are independent of it.

    Runs that differ in one axis share all else, since no other part of a run's configuration enters.

    >>> bool(generator(3, "order", 0).random() == generator(3, "order", 0).random())
    True
    >>> bool(generator(3, "order", 0).random() == generator(3, "init").random())
    False
    """
    return np.random.default_rng([seed, zlib.crc32(purpose.encode()), *counters])


def batch_positions(
    seed: int, purpose: str, n: int, batch_size: int, first_step: int, n_steps: int
) -> NDArray[np.int64]:
    """Return the positions, each below n, of the examples of some steps, (n_steps, batch_size).

    The stream of positions is one permutation of 0…n-1 after another, cut into batches; a batch may span the
    border between two epochs, so that any n goes with any batch size.
    """
    start, stop = first_step * batch_size, (first_step + n_steps) * batch_size
    epochs = max(1, _GROUP // n)
    span = epochs * n
    groups = range(start // span, -(-stop // span))
    stream = np.concatenate([_shuffled_epochs(seed, purpose, n, epochs, group) for group in groups])
    offset = groups.start * span
    return stream[start - offset : stop - offset].reshape(n_steps, batch_size)


def fixed_positions(n: int, batch_size: int, first_step: int, n_steps: int) -> NDArray[np.int64]:
    """Return the positions 0…n-1, one pass after another in the same order, cut into batches, (n_steps, batch_size)."""
    start, stop = first_step * batch_size, (first_step + n_steps) * batch_size
    return (np.arange(start, stop) % n).reshape(n_steps, batch_size)


def _shuffled_epochs(seed: int, purpose: str, n: int, epochs: int, group: int) -> NDArray[np.int64]:
    in_order = np.broadcast_to(np.arange(n), (epochs, n))
    return generator(seed, purpose, group).permuted(in_order, axis=1).ravel()
