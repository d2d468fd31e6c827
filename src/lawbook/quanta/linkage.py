"""Average linkage: clusters joined by their mean affinity, one tree for every k.

Where a few clusters hold most samples, as those of Zipf frequencies do, spectral clustering with one cluster too many
splits the largest; average linkage first splits off what is least alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.cluster.hierarchy import cut_tree, linkage
from scipy.spatial.distance import squareform

from lawbook.quanta.affinity import Floats
from lawbook.quanta.clustering import Labels, by_size


def join(affinity: Floats) -> Floats:
    """Return the tree of n samples by average linkage over 1 - affinity, (n - 1, 4), as SciPy writes it."""
    tree: Floats = linkage(squareform(1 - affinity, checks=False), "average")
    return tree


def cut(tree: Floats, ks: Sequence[int]) -> dict[int, Labels]:
    """Return the clusters at each k, {k: (n,)}, numbered from the largest.

    Raises ValueError for a k below 2 or not below n.
    """
    n = len(tree) + 1
    if not ks or min(ks) < 2 or max(ks) >= n:
        raise ValueError(f"k = {sorted(ks)}: {n} samples make 2 to {n - 1} clusters")
    columns = cut_tree(tree, list(ks)).T
    return {k: by_size(labels) for k, labels in zip(ks, columns, strict=True)}


def merge_gap(tree: Floats, ks: Sequence[int]) -> int:
    """Return the k, among those given, below which the next merge is the largest step further than the last."""
    heights = np.concatenate([[0.0], tree[:, 2]])
    steps = {k: float(heights[len(heights) - k + 1] - heights[len(heights) - k]) for k in ks}
    return max(steps, key=lambda k: (steps[k], -k))
