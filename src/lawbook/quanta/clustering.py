"""Spectral clustering over a range of k, from one spectral embedding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import eigsh
from sklearn.cluster import k_means

from lawbook.quanta.affinity import AFFINITIES, Floats, unit_rows

Labels = NDArray[np.int64]
Graph = Floats | sparse.csr_array

LARGEST_DENSE = 5000
"""Samples above which the affinity is kept between near neighbours only."""

NEIGHBOURS = 50
STARTS = 10
"""Starts of k-means at each k, the best of which is kept."""

_BLOCK = 1024


def affinity_graph(vectors: Floats, affinity: str, neighbours: int | None = None) -> Graph:
    """Return the affinities (n, n) of vectors (n, d): dense, or above 5,000 samples a sparse graph of neighbours.

    neighbours: keep only so many of each sample's largest affinities, and those of which it is a neighbour.
    Raises ValueError for an affinity that there is not, or vectors without a direction.
    """
    if affinity not in AFFINITIES:
        raise ValueError(f"there is no affinity {affinity!r}; valid names: {', '.join(AFFINITIES)}")
    if neighbours is None and len(vectors) > LARGEST_DENSE:
        neighbours = NEIGHBOURS
    units, of_cosines = unit_rows(vectors), AFFINITIES[affinity]
    if neighbours is None:
        return of_cosines(units @ units.T)
    return _neighbour_graph(units, of_cosines, min(neighbours, len(units) - 1))


def _neighbour_graph(units: Floats, of_cosines: Callable[[Floats], Floats], n: int) -> sparse.csr_array:
    rows: list[Labels] = []
    columns: list[Labels] = []
    values: list[Floats] = []
    for start in range(0, len(units), _BLOCK):
        near = of_cosines(units[start : start + _BLOCK] @ units.T)
        mine = np.arange(len(near))
        near[mine, start + mine] = np.inf  # a sample is always among its own neighbours
        kept = np.argpartition(near, -n - 1, axis=1)[:, -n - 1 :]
        near[mine, start + mine] = 1.0
        rows.append(np.repeat(start + mine, n + 1))
        columns.append(kept.ravel())
        values.append(np.take_along_axis(near, kept, axis=1).ravel())
    shape = (len(units), len(units))
    places = [np.concatenate(part).astype(np.int32) for part in (rows, columns)]  # as scikit-learn asks for
    one_way: Any = sparse.coo_array((np.concatenate(values), tuple(places)), shape=shape).tocsr()
    both_ways: sparse.csr_array = one_way.maximum(one_way.T)
    return both_ways


def cluster(
    graph: Graph, ks: Sequence[int], seeds: Sequence[int] = (0,), starts: int = STARTS
) -> dict[tuple[int, int], Labels]:
    """Return the clusters of n samples at each k and seed, {(k, seed): (n,)}, numbered from the largest.

    graph: affinities (n, n). The embedding for k is the first k columns of that for the largest one, as
    scikit-learn's SpectralClustering would make it, so that the eigenvectors are computed once. Raises ValueError
    for a k below 2 or not below n.
    """
    n = graph.shape[0]
    if not ks or min(ks) < 2 or max(ks) >= n:
        raise ValueError(f"k = {sorted(ks)}: {n} samples make 2 to {n - 1} clusters")
    embedding = embed(graph, max(ks))
    found = {}
    for k in ks:
        for seed in seeds:
            _, labels, _ = k_means(embedding[:, :k], k, n_init=starts, random_state=seed)
            found[k, seed] = by_size(labels)
    return found


def embed(graph: Graph, k: int) -> Floats:
    """Return the first k eigenvectors of the random walk on the graph, (n, k), as scikit-learn scales them."""
    scaled, root_degrees = _scaled(graph)
    values, vectors = _largest(scaled, k)
    embedding = vectors[:, np.argsort(-values)] / root_degrees[:, None]
    largest = np.abs(embedding).argmax(axis=0)
    signed: Floats = embedding * np.sign(embedding[largest, np.arange(k)])
    return signed


def eigengap(graph: Graph, ks: Sequence[int]) -> int:
    """Return the k, among those given, after which the largest gap between the graph's eigenvalues lies."""
    values = np.sort(_largest(_scaled(graph)[0], max(ks) + 1)[0])[::-1]
    return max(ks, key=lambda k: float(values[k - 1] - values[k]))


def _scaled(graph: Graph) -> tuple[Any, Floats]:
    """Return D^-½ A D^-½ and the diagonal of D^½, for the affinities A between different samples."""
    apart = graph - sparse.diags_array(graph.diagonal()) if sparse.issparse(graph) else graph.copy()
    if not sparse.issparse(graph):
        np.fill_diagonal(apart, 0)
    root_degrees = np.sqrt(np.asarray(apart.sum(axis=1)).ravel())
    root_degrees[root_degrees == 0] = 1  # a sample that has nothing in common with any other
    scale = sparse.diags_array(1 / root_degrees)
    return scale @ apart @ scale, root_degrees


def _largest(scaled: Any, k: int) -> tuple[Floats, Floats]:
    """Return the k largest eigenvalues and their vectors, from a start that is always the same.

    Not by inverting the matrix, as scikit-learn does: the factors of a graph of neighbours are dense.
    """
    start = np.random.default_rng(0).uniform(-1, 1, scaled.shape[0])
    found: tuple[Floats, Floats] = eigsh(scaled.astype(float), k, which="LA", v0=start)
    return found


def by_size(labels: NDArray[Any]) -> Labels:
    """Return the clusters renumbered from the largest, ties by first appearance.

    >>> by_size(np.array([5, 3, 3, 5, 3, 9])).tolist()
    [1, 0, 0, 1, 0, 2]
    """
    _, first, inverse, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank[inverse]


def sizes_of(clusterings: Mapping[tuple[int, int], Labels]) -> dict[tuple[int, int], Labels]:
    """Return the sizes of the clusters at each k and seed, from the largest."""
    return {key: np.bincount(labels) for key, labels in clusterings.items()}
