"""Selection: which examples of a pool stay, given their scores."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lawbook.seeds import generator

Indices = NDArray[np.int64]


def keep_order(
    scores: NDArray[np.float64] | None, labels: Indices, keep: Literal["hard", "easy"], seed: int
) -> Indices:
    """Return the pool's positions in the order in which they are kept; keeping k means keeping the first k.

    Within a class the order is by score (`hard`: highest first; ties and the order without scores are drawn from
    the seed). Classes are interleaved at the positions (i + 1/2) / n_class, so that every prefix is balanced:
    its count of a class differs from the class's share by at most one, and prefixes are nested.

    scores: (n,), high = hard, or None; labels: (n,). Source of the interleaving: the divisor method of Webster,
    which unlike largest remainders never takes a seat away as the house grows.
    """
    n = len(labels)
    tie_break = generator(seed, "subset").permutation(n)
    badness = np.zeros(n) if scores is None else (-scores if keep == "hard" else scores)
    by_rank = np.lexsort((tie_break, badness))
    position = np.empty(n)
    for label in np.unique(labels):
        members = by_rank[labels[by_rank] == label]
        position[members] = (np.arange(len(members)) + 0.5) / len(members)
    return np.lexsort((tie_break, position)).astype(np.int64)


def select(
    scores: NDArray[np.float64] | None,
    labels: Indices,
    keep_fraction: float,
    keep: Literal["hard", "easy"],
    seed: int,
) -> Indices:
    """Return the sorted positions of the round(keep_fraction · n) examples that stay.

    >>> labels = np.array([0, 0, 0, 0, 1, 1])
    >>> scores = np.array([0.1, 0.4, 0.3, 0.2, 0.9, 0.8])
    >>> select(scores, labels, 0.5, "hard", seed=0).tolist()
    [1, 2, 4]
    """
    size = round(keep_fraction * len(labels))
    return np.sort(keep_order(scores, labels, keep, seed)[:size])
