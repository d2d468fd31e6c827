"""Affinities, and clusters: planted ones are found, and are those of scikit-learn's own estimator."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import SpectralClustering
from sklearn.manifold import spectral_embedding
from sklearn.metrics import adjusted_rand_score

from lawbook.quanta.affinity import AFFINITIES, Floats, abs_cos, angular, cosines, relu_cos
from lawbook.quanta.clustering import affinity_graph, by_size, cluster, eigengap, embed, sizes_of

SIZES = [60, 40, 30, 20, 12]
KNOWN = np.repeat(np.arange(5), SIZES)


def planted(spread: float = 0.5, sign: bool = False, dimension: int = 40) -> Floats:
    """Return vectors about five directions; with `sign`, half of each kind point the other way."""
    rng = np.random.default_rng(0)
    directions = np.linalg.qr(rng.normal(size=(dimension, 5)))[0].T
    vectors = directions[KNOWN] + spread * rng.normal(size=(len(KNOWN), dimension)) / np.sqrt(dimension)
    return vectors * (rng.choice([-1, 1], size=(len(KNOWN), 1)) if sign else 1)


def test_affinities_are_what_their_formulas_say() -> None:
    c = np.array([[1 + 1e-9, 0.5], [-0.5, -1 - 1e-9]])
    np.testing.assert_allclose(angular(c), [[1, 2 / 3], [1 / 3, 0]], atol=1e-6)
    np.testing.assert_allclose(relu_cos(c), [[1, 0.5], [0, 0]])
    np.testing.assert_allclose(abs_cos(c), [[1, 0.5], [0.5, 1]])


def test_vectors_without_a_direction_are_counted() -> None:
    with pytest.raises(ValueError, match="2 of 3 gradients"):
        cosines(np.array([[1.0, 0], [0, 0], [np.nan, 1]]))
    with pytest.raises(ValueError, match="valid names: angular, relu_cos, abs_cos"):
        affinity_graph(np.eye(3), "cosine")


@pytest.mark.parametrize("affinity", AFFINITIES)
def test_clusters_are_those_of_scikit_learns_estimator(affinity: str) -> None:
    graph = affinity_graph(planted(1.5), affinity)
    mine = cluster(graph, [3, 5], starts=10)
    for k in (3, 5):
        theirs = SpectralClustering(k, affinity="precomputed", n_init=10, random_state=0).fit_predict(graph)
        assert adjusted_rand_score(mine[k, 0], theirs) == 1
        np.testing.assert_allclose(embed(graph, 8)[:, :k], embed(graph, k), atol=1e-9)
        theirs = spectral_embedding(graph, n_components=k, random_state=0, drop_first=False)
        np.testing.assert_allclose(np.abs(embed(graph, k)), np.abs(theirs), atol=1e-7)


@pytest.mark.parametrize("neighbours", [None, 15])
def test_planted_clusters_are_found_and_numbered_from_the_largest(neighbours: int | None) -> None:
    graph = affinity_graph(planted(), "relu_cos", neighbours)
    found = cluster(graph, [5], seeds=[0, 1])

    np.testing.assert_array_equal(found[5, 0], KNOWN)
    assert sizes_of(found)[5, 1].tolist() == SIZES
    assert eigengap(graph, range(2, 10)) == 5


def test_kinds_whose_gradients_flip_their_sign_need_the_absolute_value() -> None:
    vectors = planted(1.0, sign=True)
    scores = {}
    for affinity in AFFINITIES:
        found = cluster(affinity_graph(vectors, affinity), [5])[5, 0]
        scores[affinity] = adjusted_rand_score(KNOWN, found)
    assert scores["abs_cos"] > 0.99
    assert scores["abs_cos"] > scores["relu_cos"] + 0.3
    assert scores["abs_cos"] > scores["angular"] + 0.3


def test_many_samples_make_a_sparse_graph_with_the_same_clusters() -> None:
    rng = np.random.default_rng(2)
    kinds = rng.integers(6, size=5_200)
    vectors = rng.normal(size=(6, 24))[kinds] + 0.3 * rng.normal(size=(5_200, 24))
    graph = affinity_graph(vectors.astype(np.float32), "relu_cos")

    assert graph.nnz < 5_200 * 110
    assert abs(graph - graph.T).max() == 0
    assert adjusted_rand_score(kinds, cluster(graph, [6], starts=3)[6, 0]) > 0.99


@pytest.mark.parametrize("ks", [[1], [5, 162], []])
def test_a_k_that_cannot_be_is_told(ks: list[int]) -> None:
    with pytest.raises(ValueError, match="162 samples make 2 to 161 clusters"):
        cluster(affinity_graph(planted(), "relu_cos"), ks)


def test_ties_in_size_keep_their_order() -> None:
    assert by_size(np.array([2, 2, 0, 0, 1])).tolist() == [0, 0, 1, 1, 2]
