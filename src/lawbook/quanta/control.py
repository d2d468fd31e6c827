"""Do clusters of gradients say more than clusters of words? A control of equal sizes, and a paired comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lawbook.quanta.clustering import Labels
from lawbook.seeds import generator

Floats = NDArray[np.floating[Any]]
Statistic = Callable[[Labels, NDArray[np.int64]], float]
"""A number of a clustering, (n,) labels, with how often each sample counts, (n,)."""


def matched_control(
    targets: Sequence[Hashable], previous: Sequence[Hashable], sizes: Sequence[int], seed: int = 0
) -> Labels:
    """Return clusters of exactly these sizes, each as far as possible of one (target, previous token), (n,).

    From the largest size on, each cluster takes the largest group of one target and one previous token, or a random
    part of it. Where none is large enough, it takes groups of the commonest target, then of any, largest first.
    """
    rng = generator(seed, "matched control")
    groups: dict[tuple[Hashable, Hashable], list[int]] = {}
    for place in rng.permutation(len(targets)).tolist():
        groups.setdefault((targets[place], previous[place]), []).append(place)
    labels = np.full(len(targets), -1, dtype=np.int64)
    order = np.argsort(-np.asarray(sizes), kind="stable")
    for label in order.tolist():
        wanted = int(sizes[label])
        target = _commonest(groups) if max(map(len, groups.values())) < wanted else None
        while wanted:
            same = [key for key in groups if key[0] == target]
            key = max(same or groups, key=lambda k: (len(groups[k]), repr(k)))
            members = groups[key]
            taken, rest = members[:wanted], members[wanted:]
            labels[taken] = label
            wanted -= len(taken)
            if rest:
                groups[key] = rest
            else:
                del groups[key]
    return labels


def _commonest(groups: Mapping[tuple[Hashable, Hashable], list[int]]) -> Hashable:
    counts: Counter[Hashable] = Counter()
    for (target, _), members in groups.items():
        counts[target] += len(members)
    return max(counts, key=lambda target: (counts[target], repr(target)))


def within_similarity(similarity: Floats) -> Statistic:
    """Return the statistic: mean similarity of two samples of one cluster, averaged over samples.

    similarity: (n, n). A sample is never compared with itself, however often it counts; clusters of one are left
    out.
    """

    def mean(labels: Labels, counts: NDArray[np.int64]) -> float:
        total, weight = 0.0, 0
        for members in _members(labels):
            w = counts[members].astype(float)
            pairs = w.sum() ** 2 - np.square(w).sum()
            if pairs > 0:
                block = similarity[np.ix_(members, members)]
                total += w.sum() * (w @ block @ w - np.square(w) @ block.diagonal()) / pairs
                weight += int(w.sum())
        return total / weight if weight else float("nan")

    return mean


def share_explained(values: Floats) -> Statistic:
    """Return the statistic: 1 - (variance within clusters) / (variance), of values (n,).

    Both variances are means of half the squared difference of two different samples, so that clusters which know
    nothing explain 0 on average, however many they are; clusters of one are left out.
    """

    def share(labels: Labels, counts: NDArray[np.int64]) -> float:
        within, weight = _variances(values, labels, counts)
        whole, _ = _variances(values, np.zeros_like(labels), counts)
        return 1 - float(np.average(within, weights=weight) / whole[0]) if weight.any() else float("nan")

    return share


def _variances(values: Floats, labels: Labels, counts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the variance of each cluster and how many samples it stands for, 0 where no two differ."""
    weights = counts.astype(float)
    n, squares, total, total_squares = (
        np.bincount(labels, weights=part)
        for part in (weights, weights**2, weights * values, weights * values**2)
    )
    pairs = n**2 - squares
    known = pairs > 0
    return (n * total_squares - total**2) / np.where(known, pairs, 1), np.where(known, n, 0)


@dataclass(frozen=True)
class Compared:
    """A statistic of clusters, of their control and the difference, each with its 95 % interval (low, high)."""

    clusters: tuple[float, float, float]
    control: tuple[float, float, float]
    difference: tuple[float, float, float]
    n_units: int


def compare_paired(
    statistic: Statistic,
    clusters: Labels,
    control: Labels,
    units: NDArray[Any],
    draws: int = 500,
    seed: int = 0,
) -> Compared:
    """Compare clusters with a control by a bootstrap over units, the same draw for both.

    units: (n,), what each sample belongs to (its file): samples of one unit are not independent, and come and go
    together.
    """
    names, unit = np.unique(units, return_inverse=True)
    rng = generator(seed, "paired bootstrap")
    once = np.ones(len(clusters), dtype=np.int64)
    first = np.array([statistic(clusters, once), statistic(control, once)])
    drawn = np.empty((draws, 2))
    for draw in drawn:
        counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)))[unit]
        draw[:] = statistic(clusters, counts), statistic(control, counts)

    def told(estimate: float, values: Floats) -> tuple[float, float, float]:
        low, high = np.quantile(values, [0.025, 0.975])
        return float(estimate), float(low), float(high)

    return Compared(
        told(first[0], drawn[:, 0]),
        told(first[1], drawn[:, 1]),
        told(first[0] - first[1], drawn[:, 0] - drawn[:, 1]),
        len(names),
    )


def _members(labels: Labels) -> list[NDArray[np.int64]]:
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.cumsum(np.bincount(labels))[:-1])
