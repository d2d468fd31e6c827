"""Linkage: joins are those of its definition, and hold planted kinds together over a range of k."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from lawbook.quanta.affinity import Floats
from lawbook.quanta.clustering import Labels, affinity_graph, cluster
from lawbook.quanta.linkage import cut, join, join_gap

SUB_KINDS = 4


def zipf_kinds(strays: int = 8, common: float = 0.6) -> tuple[Floats, Labels]:
    """Return vectors of kinds of Zipf sizes, of either sign, and of strays.

    Each has the direction of its kind, times `common` or, in smaller kinds, a little more, and that of its sub-kind.
    """
    rng = np.random.default_rng(0)
    sizes = np.round(400 * np.arange(1, 11) ** -1.4).astype(int)
    kinds = np.concatenate([np.repeat(np.arange(10), sizes), 10 + np.arange(strays)])
    of_kind, of_sub, of_stray = np.split(np.linalg.qr(rng.normal(size=(120, 50 + strays)))[0].T, [10, 50])
    own = kinds[: sizes.sum()]
    weight = common * (1 + own[:, None]) ** 0.2
    known = weight * of_kind[own] + of_sub[SUB_KINDS * own + rng.integers(SUB_KINDS, size=len(own))]
    vectors = np.concatenate([known, of_stray])
    vectors += 0.3 * rng.normal(size=vectors.shape) / np.sqrt(120)
    return vectors * rng.choice([-1, 1], size=(len(vectors), 1)), kinds


def by_definition(affinity: Floats, power: float, k: int, taken_off: float) -> list[list[int]]:
    """Return k clusters by looking at every pair before every join."""
    clusters = [[i] for i in range(len(affinity))]
    while len(clusters) > k:
        one, other = max(
            combinations(clusters, 2),
            key=lambda pair: (
                (affinity[np.ix_(*pair)] - taken_off).sum() / (len(pair[0]) * len(pair[1])) ** power
            ),
        )
        clusters = [c for c in clusters if c not in (one, other)] + [one + other]
    return clusters


@pytest.mark.parametrize("power", [0.5, 0.9, 1.0])
def test_joins_are_those_of_the_definition(power: float) -> None:
    half = np.random.default_rng(1).random((40, 40))
    affinity = half + half.T
    taken_off = affinity[~np.eye(40, dtype=bool)].mean()
    found = cut(join(affinity, power), [2, 5, 12])
    for k, labels in found.items():
        known = np.empty(40, dtype=int)
        for number, members in enumerate(by_definition(affinity, power, k, taken_off)):
            known[members] = number
        assert adjusted_rand_score(known, labels) == 1
    assert np.bincount(found[5]).tolist() == sorted(np.bincount(found[5]), reverse=True)


def test_power_one_is_average_linkage() -> None:
    vectors, _ = zipf_kinds()
    graph = affinity_graph(vectors, "abs_cos")
    joins = join(graph, 1.0)
    theirs = AgglomerativeClustering(25, metric="precomputed", linkage="average").fit_predict(1 - graph)
    assert adjusted_rand_score(cut(joins, [25])[25], theirs) == 1
    assert (np.diff(joins[:, 2]) < 1e-12).all(), "its scores never rise"


def test_kinds_of_zipf_sizes_hold_together_over_a_range_of_k() -> None:
    vectors, kinds = zipf_kinds()
    graph = affinity_graph(vectors, "abs_cos")
    ks = range(13, 28)  # 0.7 to 1.5 times ten kinds and eight strays

    def lowest(found: dict[int, Labels]) -> float:
        return min(adjusted_rand_score(kinds, found[k]) for k in ks)

    by_score = cut(join(graph), ks)
    assert adjusted_rand_score(kinds, by_score[18]) > 0.97
    assert lowest(by_score) > 0.9
    assert lowest(cut(join(graph, 1.0), ks)) < 0.7
    assert lowest({k: labels for (k, _), labels in cluster(graph, ks, starts=2).items()}) < 0.7


def test_the_gap_of_average_linkage_is_the_number_of_kinds_and_strays() -> None:
    vectors, kinds = zipf_kinds(common=2.0)
    graph = affinity_graph(vectors, "abs_cos")
    assert join_gap(join(graph, 1.0), range(2, 40)) == len(np.unique(kinds))


@pytest.mark.parametrize("ks", [[1], [2, 6], []])
def test_a_k_that_cannot_be_is_told(ks: list[int]) -> None:
    with pytest.raises(ValueError, match="6 samples make 2 to 5 clusters"):
        cut(join(np.ones((6, 6))), ks)


def test_ties_go_to_the_lowest_numbers() -> None:
    assert join(np.ones((4, 4)), 1.0)[:, :2].tolist() == [[0, 1], [0, 2], [0, 3]]
