r"""Whether a sample over seeds is two groups: by the share of its variance that lies between them.

Of n sorted values cut into two, the share S = 1 - (within both) / (whole) is largest at the best cut. Uniform values,
of all that have one mode those most like two groups, have S near 3/4; two points have 1. A sample is called bimodal
where S is above what 99 % of uniform samples of n have, and either group has an eighth of the values or more: one that
lies apart is an outlier.

Source: the best cut in two is Otsu 1979, "A threshold selection method from gray-level histograms"; that uniform
samples are the least favourable, Hartigan & Hartigan 1985, "The dip test of unimodality".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lawbook.seeds import generator

Floats = NDArray[np.float64]

_FEWEST = 8
"""Values, at least, of which it is asked."""
_SMALLEST = 1 / 8
_DRAWS = 2000


@dataclass(frozen=True)
class TwoGroups:
    """The best cut of a sample: S, how often a uniform sample has as much, and the two groups' means and sizes."""

    share: float
    probability: float
    lower: float
    upper: float
    n_upper: int
    n: int

    @property
    def bimodal(self) -> bool:
        """Tell whether the sample is two groups."""
        least = max(2.0, _SMALLEST * self.n)
        return bool(self.probability < 0.01 and min(self.n_upper, self.n - self.n_upper) >= least)


def two_groups(values: ArrayLike) -> TwoGroups | None:
    """Return the best cut of values (n,), None of fewer than eight or of equal ones.

    >>> two_groups([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]).bimodal, two_groups(np.arange(12)).bimodal
    (True, False)
    """
    x = np.sort(np.asarray(values, dtype=np.float64))
    if len(x) < _FEWEST or x[0] == x[-1]:
        return None
    share, cut = _best_cut(x[None])
    uniform = _uniform_shares(len(x))
    probability = float((1 + (uniform >= share[0] - 1e-12).sum()) / (1 + len(uniform)))
    k = int(cut[0]) + 1
    return TwoGroups(
        float(share[0]), probability, float(x[:k].mean()), float(x[k:].mean()), len(x) - k, len(x)
    )


def _best_cut(x: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return S and the last place of the lower group of each row of sorted values (m, n)."""
    n = x.shape[1]
    centred = x - x.mean(axis=1, keepdims=True)
    below = np.cumsum(centred, axis=1)[:, :-1]
    k = np.arange(1, n)
    between = np.square(below) * n / (k * (n - k))
    cut = between.argmax(axis=1)
    return between[np.arange(len(x)), cut] / np.square(centred).sum(axis=1), cut


@lru_cache(maxsize=64)
def _uniform_shares(n: int) -> Floats:
    rows = np.sort(generator(0, "bimodality", n).random((_DRAWS, n)), axis=1)
    return _best_cut(rows)[0]
