"""Linkage: clusters joined one pair at a time, by how far their affinity stands out.

The pair joined next is that of the largest z = Σ (A_ij - μ) / √(n m), over the samples i of one cluster and j of
another, of n and m samples; μ is the mean affinity of different samples. Were all affinities drawn alike and apart, the
sum would have a standard deviation of σ √(n m): z is the standard score of the pair, times σ. With a power of 1 for the
root it is average linkage, where the mean affinity alone decides. A quantum of many samples falls into sub-kinds
that are less alike than the samples of a small quantum, and average linkage, with clusters to spare, breaks up the
largest quantum first; of a standard score the evidence grows with the samples, and spare clusters mostly are parts of
small quanta.

Sources: links over a power of the sizes, so that large clusters are expected to be less alike, are those of ROCK (Guha,
Rastogi and Shim 1999, "A robust clustering algorithm for categorical attributes"); what is taken off is the constant
null model of Reichardt and Bornholdt 2006, "Statistical mechanics of community detection".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lawbook.quanta.affinity import Floats
from lawbook.quanta.clustering import Labels, by_size

ROOT = 0.5


def join(affinity: Floats, power: float = ROOT) -> Floats:
    """Return the n - 1 joins of n samples in their order, (n - 1, 3): two clusters and z = Σ (A_ij - μ) / (n m)^power.

    affinity: (n, n), symmetric; its diagonal is not read. A cluster goes by its sample of the lowest number. Below
    power 1, average linkage, a score can be larger than the one before it. Ties mostly go to the lowest numbers.
    """
    n = len(affinity)
    sums = np.array(affinity, dtype=np.float64)
    sums -= (sums.sum() - sums.trace()) / (n * (n - 1))
    sizes, alive = np.ones(n), np.ones(n, dtype=bool)
    scores = sums.copy()
    np.fill_diagonal(scores, -np.inf)
    nearest = scores.argmax(axis=1)
    best = scores[np.arange(n), nearest]
    joins = np.empty((n - 1, 3))
    for step in range(n - 1):
        one = int(best.argmax())
        kept, gone = sorted((one, int(nearest[one])))
        joins[step] = kept, gone, best[one]
        alive[gone], best[gone] = False, -np.inf
        sums[kept] += sums[gone]
        sums[:, kept] += sums[:, gone]
        sizes[kept] += sizes[gone]
        row = np.where(alive, sums[kept] / (sizes[kept] * sizes) ** power, -np.inf)
        row[kept] = -np.inf
        scores[kept] = scores[:, kept] = row
        scores[gone] = scores[:, gone] = -np.inf
        nearer = row > best
        nearest[nearer], best[nearer] = kept, row[nearer]
        lost = np.flatnonzero(alive & ~nearer & np.isin(nearest, (kept, gone)))
        lost = np.union1d(lost, kept)
        nearest[lost] = scores[lost].argmax(axis=1)
        best[lost] = scores[lost, nearest[lost]]
    return joins


def cut(joins: Floats, ks: Sequence[int]) -> dict[int, Labels]:
    """Return the clusters at each k, {k: (n,)}, numbered from the largest: the first n - k joins are made.

    Raises ValueError for a k below 2 or not below n.
    """
    n = len(joins) + 1
    if not ks or min(ks) < 2 or max(ks) >= n:
        raise ValueError(f"k = {sorted(ks)}: {n} samples make 2 to {n - 1} clusters")
    labels, found = np.arange(n), {}
    for k, (kept, gone, _) in zip(range(n - 1, 1, -1), joins, strict=False):
        labels[labels == gone] = kept
        if k in ks:
            found[k] = by_size(labels)
    return {k: found[k] for k in ks}


def join_gap(joins: Floats, ks: Sequence[int]) -> int:
    """Return the k, among those given, below which the score of the next join falls the most from the last one's."""
    scores = joins[::-1, 2]  # scores[k - 2] is that of the join that leaves k - 1 clusters
    falls = {k: float(scores[k - 1] - scores[k - 2]) for k in ks}
    return max(falls, key=lambda k: (falls[k], -k))
