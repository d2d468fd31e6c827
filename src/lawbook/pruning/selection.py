"""Selection: which examples of a pool stay, given their scores."""

from __future__ import annotations

from functools import lru_cache
from heapq import heappop, heappush
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lawbook.seeds import generator

Indices: TypeAlias = NDArray[np.int64]
Scores: TypeAlias = NDArray[np.float64]
Keep = Literal["hard", "easy", "moderate", "strata"]

STRATA = 50
"""Strata of equal width over the scores (Zheng et al. 2023, appendix B)."""


def keep_order(
    scores: Scores | None,
    labels: Indices,
    keep: Keep,
    seed: int,
    *,
    drop_hardest: float = 0.0,
    index: Indices | None = None,
) -> Indices:
    """Return the pool's positions in the order in which they are kept; keeping k means keeping the first k.

    Within a class the order is by score:
      hard      highest first (Sorscher et al. 2022, arXiv:2206.14486)
      easy      lowest first
      moderate  nearest to the pool's median first (Xia et al. 2023, "Moderate coreset")
      strata    one of each of 50 strata of equal width over the scores in turn, drawn at random within a
                stratum, so that small strata are kept whole (Zheng et al. 2023, arXiv:2210.15809, algorithm 1)
    The `drop_hardest` share of each class, its highest scores, rounded, comes last (the β of Zheng et al.; with `hard`,
    Paul et al. 2021 drop the hardest, too). Ties, and the order without scores, are drawn from the seed, by
    each example's `index`: another order of the input gives the same selection. The classes take turns so that
    prefixes, which are nested, are balanced: a prefix of k holds of each class its share k · n_class / n to
    within one.

    scores: (n,), high = hard, or None; labels: (n,); index: (n,), what the examples are called, by default
    their positions.
    """
    n = len(labels)
    index = np.arange(n) if index is None else index
    tie_break = generator(seed, "subset").random(int(index.max(initial=0)) + 1)[index]
    if scores is None:
        late = rank = np.zeros(n)
    else:
        late = _hardest(scores, labels, tie_break, drop_hardest)
        rank = _ranks(scores, labels, keep, tie_break, late)
    by_class = np.lexsort((tie_break, rank, late, labels))
    counts = np.unique(labels, return_counts=True)[1]
    turns = _turns(tuple(counts.tolist()))
    # A stable sort of the turns lists the places of class 0, then of class 1, …, each in ascending order.
    order = np.empty(n, dtype=np.int64)
    order[np.argsort(turns, kind="stable")] = by_class
    return order


def _hardest(scores: Scores, labels: Indices, tie_break: Scores, share: float) -> Scores:
    """Return 1 for the round(share · n_class) hardest of each class, else 0."""
    found = np.zeros(len(scores))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        hardest = members[np.lexsort((tie_break[members], -scores[members]))]
        found[hardest[: round(share * len(members))]] = 1.0
    return found


def _ranks(scores: Scores, labels: Indices, keep: Keep, tie_break: Scores, late: Scores) -> Scores:
    """Return a number per example; a class is kept in its ascending order."""
    if keep == "hard":
        return -scores
    if keep == "easy":
        return scores
    if keep == "moderate":
        return np.abs(scores - np.median(scores))
    # Strata lie over the scores that are not dropped; the r-th of a class in a stratum is kept in round r.
    among = scores[late == 0] if (late == 0).any() else scores
    edges = np.linspace(among.min(), among.max(), STRATA + 1)
    stratum = np.clip(np.searchsorted(edges, scores, side="right") - 1, 0, STRATA - 1)
    _, group = np.unique(np.stack([labels, late, stratum]), axis=1, return_inverse=True)
    order = np.lexsort((tie_break, group))
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    rounds = np.empty(len(scores))
    rounds[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    return rounds


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
    scores: Scores | None,
    labels: Indices,
    keep_fraction: float,
    keep: Keep,
    seed: int,
    *,
    drop_hardest: float = 0.0,
    index: Indices | None = None,
) -> Indices:
    """Return the sorted positions of the round(keep_fraction · n) examples that stay; see `keep_order`.

    >>> labels = np.array([0, 0, 0, 0, 1, 1])
    >>> scores = np.array([0.1, 0.4, 0.3, 0.2, 0.9, 0.8])
    >>> select(scores, labels, 0.5, "hard", seed=0).tolist()
    [1, 2, 4]
    """
    size = round(keep_fraction * len(labels))
    order = keep_order(scores, labels, keep, seed, drop_hardest=drop_hardest, index=index)
    return np.sort(order[:size])
