"""Agreement: of clusters with tasks that are known, with a null, and with themselves over seeds and k."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from lawbook.quanta.clustering import Labels
from lawbook.seeds import generator


@dataclass(frozen=True)
class Agreement:
    """How far clusters are the known tasks: 1 if they are, and about 0 (`ari`) for clusters that know nothing.

    null: the largest adjusted Rand index among draws in which the tasks were permuted.
    """

    ari: float
    nmi: float
    null: float


def agreement(labels: Labels, tasks: NDArray[Any], draws: int = 100, seed: int = 0) -> Agreement:
    """Return the adjusted Rand index and the normalised mutual information of clusters with tasks, (n,) each."""
    rng = generator(seed, "permuted tasks")
    null = max((adjusted_rand_score(rng.permutation(tasks), labels) for _ in range(draws)), default=np.nan)
    return Agreement(
        float(adjusted_rand_score(tasks, labels)),
        float(normalized_mutual_info_score(tasks, labels)),
        float(null),
    )


def stability(clusterings: Mapping[tuple[int, int], Labels]) -> dict[int, float]:
    """Return, for each k, the mean adjusted Rand index between the clusters of different seeds.

    Raises ValueError if there is one seed only.
    """
    found = {}
    for k in dict.fromkeys(k for k, _ in clusterings):
        mine = [labels for (other, _), labels in clusterings.items() if other == k]
        if len(mine) < 2:
            raise ValueError("stability over seeds needs two seeds at least")
        pairs = [adjusted_rand_score(one, other) for one, other in combinations(mine, 2)]
        found[k] = float(np.mean(pairs))
    return found


def between_ks(clusterings: Mapping[tuple[int, int], Labels], seed: int) -> dict[tuple[int, int], float]:
    """Return the adjusted Rand index between the clusters at neighbouring k of one seed, {(k, next k): …}."""
    ks = sorted(k for k, s in clusterings if s == seed)
    return {
        (k, after): float(adjusted_rand_score(clusterings[k, seed], clusterings[after, seed]))
        for k, after in pairwise(ks)
    }


def blind_k(stable: Mapping[int, float], tolerance: float = 0.02) -> int:
    """Return the largest k that is as stable over seeds as the most stable one, to `tolerance`.

    It is chosen without knowing the tasks, and told beside scores at every other k.
    """
    best = max(stable.values())
    return max(k for k, value in stable.items() if value >= best - tolerance)


def purity(labels: Labels, kinds: Sequence[Any] | NDArray[Any]) -> float:
    """Return the share of samples that are of the commonest kind of their cluster."""
    _, codes = np.unique(np.asarray(kinds), return_inverse=True)
    table = np.zeros((int(labels.max()) + 1, int(codes.max()) + 1), dtype=np.int64)
    np.add.at(table, (labels, codes), 1)
    return float(table.max(axis=1).sum() / len(labels))
