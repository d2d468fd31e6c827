"""Near-duplicates in an embedding: the rule of SemDeDup, exact within clusters.

Source: Abbas et al. 2023, "SemDeDup", arXiv:2303.09540, algorithm 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lawbook.seeds import generator

Floats = NDArray[np.float64]

CLUSTER = 500
"""Examples in a cluster on average: comparing within clusters costs n · 500 instead of n²."""

CLUSTERS = 2
"""Nearest clusters in which an example is looked for: a border between two may run through a pair."""

_BLOCK = 1024


def earlier_cosine(
    embedding: NDArray[np.floating], seed: int, *, order: NDArray[np.int64] | None = None
) -> Floats:
    """Return for each example the largest cosine to an earlier one of its two nearest clusters, (n,); -1 for none.

    embedding: (n, e). Examples come in the given order (positions, earliest first), by default one drawn from the
    seed: of a group of copies, all but the earliest have a cosine near 1. Clusters are those of k-means with 500
    examples each on average; with fewer than 1,000 all examples are compared.
    """
    n = len(embedding)
    unit = np.asarray(embedding, dtype=np.float64)
    unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), np.finfo(float).tiny)
    turn = np.empty(n, dtype=np.int64)
    turn[generator(seed, "duplicates").permutation(n) if order is None else order] = np.arange(n)
    found = np.full(n, -1.0)
    for members in _clusters(unit, seed):
        for start in range(0, len(members), _BLOCK):
            rows = members[start : start + _BLOCK]
            cosines = unit[rows] @ unit[members].T
            cosines[turn[members] >= turn[rows][:, None]] = -1.0
            found[rows] = np.maximum(found[rows], cosines.max(axis=1))
    return np.asarray(np.clip(found, -1.0, 1.0), dtype=np.float64)


def gap(distance: Floats) -> float:
    """Return SemDeDup's ε: the widest gap of log distance between copies and the rest; distances below it are copies.

    distance: (n,), 1 - cosine to the nearest earlier example, as `semdedup` scores. Copies are far closer to each
    other than other examples are, so that the distances fall into two groups; the widest gap between neighbours,
    among the middle nine tenths of them, lies between the groups. Where nothing is a copy, the ε is that of the
    closest pairs, and few are below it.
    """
    ordered = np.sort(np.log(np.maximum(distance, 1e-9)))
    middle = ordered[len(ordered) // 20 : len(ordered) - len(ordered) // 20]
    if len(middle) < 2:
        return 1e-9
    width = np.diff(middle)
    widest = int(width.argmax())
    return float(np.clip(np.exp(middle[widest] + width[widest] / 2), 1e-9, 0.999))


def _clusters(unit: Floats, seed: int) -> list[NDArray[np.int64]]:
    """Return the positions of each cluster; an example belongs to its two nearest ones."""
    n = len(unit)
    k = n // CLUSTER
    if k < CLUSTERS:
        return [np.arange(n)]
    from sklearn.cluster import KMeans

    state = int(generator(seed, "clusters").integers(1 << 31))
    distances = KMeans(k, n_init=1, random_state=state).fit(unit).transform(unit)
    nearest = np.argpartition(distances, CLUSTERS - 1, axis=1)[:, :CLUSTERS]
    return [np.flatnonzero((nearest == cluster).any(axis=1)) for cluster in range(k)]
