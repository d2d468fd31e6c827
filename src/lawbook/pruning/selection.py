"""Selection: which examples of a pool stay, given their scores."""

from __future__ import annotations

from functools import lru_cache
from heapq import heappop, heappush
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
    the seed). The classes take turns so that prefixes, which are nested, are balanced: a prefix of k holds of
    each class its share k · n_class / n to within one.

    scores: (n,), high = hard, or None; labels: (n,).
    """
    n = len(labels)
    tie_break = generator(seed, "subset").permutation(n)
    ease = np.zeros(n) if scores is None else (-scores if keep == "hard" else scores)
    by_class = np.lexsort((tie_break, ease, labels))
    counts = np.unique(labels, return_counts=True)[1]
    turns = _turns(tuple(counts.tolist()))
    # A stable sort of the turns lists the places of class 0, then of class 1, …, each in ascending order.
    order = np.empty(n, dtype=np.int64)
    order[np.argsort(turns, kind="stable")] = by_class
    return order


@lru_cache(maxsize=1024)
def _turns(counts: tuple[int, ...]) -> Indices:
    """Return whose turn it is at each of n places, so that no class is ever a whole place off its share.

    The j-th member of a class of size m has the window of places from ⌊(j-1)n/m⌋ + 1 to ⌈jn/m⌉; the earliest
    deadline goes first. Source: Baruah et al. 1996, "Proportionate progress", on fair schedules.
    """
    n = sum(counts)
    windows = sorted(
        ((j - 1) * n // m + 1, -(-j * n // m), label)
        for label, m in enumerate(counts)
        for j in range(1, m + 1)
    )
    turns: list[int] = []
    waiting: list[tuple[int, int]] = []
    released = 0
    for place in range(1, n + 1):
        while released < n and windows[released][0] <= place:
            _, deadline, label = windows[released]
            heappush(waiting, (deadline, label))
            released += 1
        turns.append(heappop(waiting)[1])
    return np.array(turns, dtype=np.int64)


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
