"""Rank and frequency: how the sizes of quanta fall, and the slope of that fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawbook.quanta.clustering import Labels
from lawbook.seeds import generator

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Slope:
    """The slope of log size over log rank, its 95 % interval, and the ranks that it was fitted to."""

    estimate: float
    low: float
    high: float
    first: int
    last: int
    n_draws: int


def envelope(clusterings: Sequence[Labels], weights: NDArray[np.int64] | None = None) -> Floats:
    """Return the largest size at each rank over several clusterings, (ranks,).

    weights: how often each sample counts, by default once. Source: Michaud et al. 2023, figure 5.
    """
    sizes = [np.sort(np.bincount(labels, weights=weights))[::-1] for labels in clusterings]
    longest = max(map(len, sizes))
    largest: Floats = np.max([np.pad(one, (0, longest - len(one))) for one in sizes], axis=0)
    return largest


def rank_slope(
    clusterings: Sequence[Labels], first: int = 1, last: int | None = None, draws: int = 500, seed: int = 0
) -> Slope:
    """Return the slope of log size over log rank by least squares over the ranks first…last.

    last: by default the last rank whose size is 2 at least. The interval is that of a bootstrap over samples: each
    draw counts samples anew in the same clusters, so it says nothing of clusters that are wrong. Raises ValueError
    if fewer than three ranks are left.
    """
    sizes = envelope(clusterings)
    last = int((sizes >= 2).sum()) if last is None else last
    if last - first < 2 or last > len(sizes):
        raise ValueError(f"ranks {first} to {last} of {len(sizes)} are too few for a slope")
    rng = generator(seed, "rank-frequency bootstrap")
    n = len(clusterings[0])
    drawn = [envelope(clusterings, rng.multinomial(n, np.full(n, 1 / n))) for _ in range(draws)]
    found = [_slope(one, first, last) for one in drawn]
    low, high = np.quantile(found, [0.025, 0.975])
    return Slope(_slope(sizes, first, last), float(low), float(high), first, last, draws)


def _slope(sizes: Floats, first: int, last: int) -> float:
    ranks = np.arange(first, last + 1)
    counted = sizes[first - 1 : last]
    known = counted > 0
    return float(np.polyfit(np.log(ranks[known]), np.log(counted[known]), 1)[0])
