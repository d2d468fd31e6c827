"""Harmonics of the flat torus [0, 1)² and of the unit sphere, as real functions of mean square 1.

Of the torus cos and sin of 2πk·x, of level |k|; of the sphere the spherical harmonics, of level √(l(l + 1)). `turns` is
how often a harmonic goes round with the group: |k_1| under shifts of the first coordinate, |m| under turns about the
axis of the sphere. It is invariant under the cyclic group of order m where m divides it, under all turns where it is 0.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MANIFOLDS = ("torus", "sphere")


@lru_cache(maxsize=16)
def _labels(manifold: str, cutoff: int) -> Ints:
    """Return two whole numbers of each harmonic, (K, 2): k, sines as -k; or m, negative for sines, and l."""
    if manifold == "torus":
        k = np.arange(-cutoff, cutoff + 1)
        grid = np.stack(np.meshgrid(k, k, indexing="ij"), axis=-1).reshape(-1, 2)
        return np.asarray(grid[np.square(grid).sum(axis=1) <= cutoff**2])
    return np.array([(m, degree) for degree in range(cutoff + 1) for m in range(-degree, degree + 1)])


def levels(manifold: str, cutoff: int) -> Floats:
    """Compute the root of the eigenvalue of the Laplacian of each harmonic (K,), that of the torus over 4π².

    cutoff: the largest |k|, or l.

    >>> levels("torus", 1).tolist(), len(levels("sphere", 4))
    ([1.0, 1.0, 0.0, 1.0, 1.0], 25)
    """
    labels = _labels(manifold, cutoff)
    if manifold == "torus":
        return np.asarray(np.sqrt(np.square(labels).sum(axis=1)))
    return np.asarray(np.sqrt(labels[:, 1] * (labels[:, 1] + 1.0)))


def invariant(manifold: str, cutoff: int, order: int) -> NDArray[np.bool_]:
    """Tell of each harmonic (K,) whether the cyclic group of an order leaves it as it is; 0 stands for all turns.

    >>> invariant("sphere", 2, 2).sum(), invariant("torus", 3, 0).sum()
    (np.int64(5), np.int64(7))
    """
    turns = np.abs(_labels(manifold, cutoff)[:, 0])
    return np.asarray(turns == 0 if order == 0 else turns % order == 0)


def harmonics(manifold: str, cutoff: int, points: Floats, chosen: NDArray[np.bool_]) -> Floats:
    """Compute the chosen harmonics of points: (n, 2) of the torus or (n, 3) of the sphere to (n, K)."""
    labels = _labels(manifold, cutoff)[chosen]
    sine = (labels[:, 0] < 0) | ((manifold == "torus") & (labels[:, 0] == 0) & (labels[:, 1] < 0))
    if manifold == "torus":
        angle = 2 * np.pi * points @ np.where(sine[:, None], -labels, labels).T
        size = np.where(labels.any(axis=1), np.sqrt(2.0), 1.0)
        return np.asarray(size * np.where(sine, np.sin(angle), np.cos(angle)))
    order, degree = np.abs(labels[:, 0]), labels[:, 1]
    angle = np.arctan2(points[:, 1], points[:, 0])[:, None] * order
    around = np.where(order == 0, 1.0, np.sqrt(2.0) * np.where(sine, np.sin(angle), np.cos(angle)))
    return np.asarray(_legendre(cutoff, points[:, 2])[:, degree, order] * around)


def _legendre(cutoff: int, height: Floats) -> Floats:
    """Compute the associated Legendre functions of mean square 1 over heights z (n,): (n, L + 1, L + 1), [l, m].

    By the recursions of Holmes & Featherstone 2002, Journal of Geodesy 76:279, equations 11 and 13.
    """
    beside = np.sqrt(np.maximum(0.0, 1.0 - height**2))
    found = np.zeros((len(height), cutoff + 1, cutoff + 1))
    found[:, 0, 0] = 1.0
    for m in range(cutoff + 1):
        if m:
            found[:, m, m] = np.sqrt((2 * m + 1) / (2 * m)) * beside * found[:, m - 1, m - 1]
        if m < cutoff:
            found[:, m + 1, m] = np.sqrt(2 * m + 3) * height * found[:, m, m]
        for degree in range(m + 2, cutoff + 1):
            scale = np.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
            back = np.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
            found[:, degree, m] = scale * (height * found[:, degree - 1, m] - back * found[:, degree - 2, m])
    return found
