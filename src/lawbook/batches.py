"""Batches: which examples a run sees at which step, as a pure function of its seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lawbook.seeds import generator

_GROUP = 4096
"""Positions shuffled with one generator: creating a generator costs as much as shuffling a thousand positions."""


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


def _shuffled_epochs(seed: int, purpose: str, n: int, epochs: int, group: int) -> NDArray[np.int64]:
    in_order = np.broadcast_to(np.arange(n), (epochs, n))
    return generator(seed, purpose, group).permuted(in_order, axis=1).ravel()
