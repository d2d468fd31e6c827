"""Do clusters of gradients say more than clusters of words? A control of equal sizes, and a paired comparison."""

from __future__ import annotations

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
    """Return clusters of exactly these sizes, as far as possible of one target and one previous token each, (n,).

    From the largest size on, a cluster takes a random part of the largest group of one target and previous token; if
    that is too small, the largest groups of the commonest target. Clusters larger than any target come last and take
    what is left, so that they break up nothing that a smaller one could have.
    """
    rng = generator(seed, "matched control")
    groups: dict[Hashable, dict[Hashable, list[int]]] = {}
    for place in rng.permutation(len(targets)).tolist():
        groups.setdefault(targets[place], {}).setdefault(previous[place], []).append(place)
    labels = np.full(len(targets), -1, dtype=np.int64)
    left_over = []
    for label in np.argsort(-np.asarray(sizes), kind="stable").tolist():
        target = _best_target(groups, int(sizes[label]))
        if target is None:
            left_over.append(label)
            continue
        labels[_taken(groups[target], int(sizes[label]))] = label
    rest = [members for of_target in groups.values() for members in of_target.values()]
    places = [place for members in rest for place in members]
    for label in left_over:
        labels[places[: sizes[label]]] = label
        places = places[sizes[label] :]
    return labels


Groups = dict[Hashable, list[int]]


def _best_target(groups: Mapping[Hashable, Groups], n: int) -> Hashable | None:
    """Return the target of the largest group with n members or, if there is none, the commonest target with n."""
    largest = {target: max(map(len, of.values()), default=0) for target, of in groups.items()}
    whole = {target: sum(map(len, of.values())) for target, of in groups.items()}
    for counts in (largest, whole):
        if counts and max(counts.values()) >= n:
            return max(counts, key=lambda target: (counts[target], repr(target)))
    return None


def _taken(groups: Groups, n: int) -> list[int]:
    """Take n members out of the groups of one target, from the largest group on, and return them."""
    found: list[int] = []
    while len(found) < n:
        key = max(groups, key=lambda previous: (len(groups[previous]), repr(previous)))
        wanted = n - len(found)
        found += groups[key][:wanted]
        groups[key] = groups[key][wanted:]
    return found


def within_similarity(similarity: Floats, units: NDArray[Any]) -> Statistic:
    """Return the statistic: mean similarity of two samples of one cluster and two units, averaged over samples.

    similarity: (n, n); units: (n,), what each sample belongs to (its file), since two samples of one file are alike
    for reasons of their own. Clusters within one unit are left out.
    """
    _, unit = np.unique(units, return_inverse=True)
    apart = np.where(unit[:, None] != unit, similarity, 0)

    def mean(labels: Labels, counts: NDArray[np.int64]) -> float:
        pairs, weights = _pairs(labels, unit, counts)
        sums = np.array([counts[one] @ apart[np.ix_(one, one)] @ counts[one] for one in _members(labels)])
        return _mean(sums / np.where(pairs > 0, pairs, 1), weights)

    return mean


def share_explained(values: Floats, units: NDArray[Any]) -> Statistic:
    """Return the statistic: 1 - (variance within clusters) / (variance), of values (n,).

    Both variances are means of half the squared difference of two samples of different units, so that clusters which
    know nothing explain 0 on average, however many they are. Clusters within one unit are left out.
    """
    _, unit = np.unique(units, return_inverse=True)

    def share(labels: Labels, counts: NDArray[np.int64]) -> float:
        within, weights = _variances(values, labels, unit, counts)
        whole, _ = _variances(values, np.zeros_like(labels), unit, counts)
        return 1 - _mean(within, weights) / float(whole[0]) if whole[0] else float("nan")

    return share


def _mean(values: Floats, weights: Floats) -> float:
    """Return a weighted mean, NaN where nothing has a weight."""
    return float(np.average(values, weights=weights)) if weights.any() else float("nan")


def _pairs(labels: Labels, unit: Labels, counts: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return how many pairs of different units each cluster has, and its samples, 0 where it has no such pair."""
    both, label = _within_units(labels, unit)
    n: Floats = np.bincount(labels, weights=counts).astype(float)
    pairs: Floats = n**2 - np.bincount(label, weights=np.bincount(both, weights=counts) ** 2)
    return pairs, np.where(pairs > 0, n, 0)


def _variances(
    values: Floats, labels: Labels, unit: Labels, counts: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return the variance of each cluster, over pairs of different units, and its samples."""
    both, label = _within_units(labels, unit)
    pairs, n = _pairs(labels, unit, counts)
    spread = _spread(values, labels, counts) - np.bincount(label, weights=_spread(values, both, counts))
    return spread / np.where(pairs > 0, pairs, 1), n


def _spread(values: Floats, groups: Labels, counts: NDArray[np.int64]) -> Floats:
    """Return the sum of (v_i - v_j)² / 2 over all pairs of each group."""
    parts = (counts, counts * values, counts * np.square(values))
    n, total, squares = (np.bincount(groups, weights=part).astype(float) for part in parts)
    spread: Floats = n * squares - np.square(total)
    return spread


def _within_units(labels: Labels, unit: Labels) -> tuple[Labels, Labels]:
    """Return the number of each sample's part, of one cluster and one unit, and the cluster of each part."""
    parts, both = np.unique(labels * (int(unit.max()) + 1) + unit, return_inverse=True)
    return both, parts // (int(unit.max()) + 1)


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
    together. Draws in which a statistic has no value are left out.
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
        low, high = np.nanquantile(values, [0.025, 0.975]) if np.isfinite(values).any() else (np.nan, np.nan)
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
