r"""How much two linear denoisers differ that were made from disjoint halves of the data: exactly, to the order 1/n.

Of y = x + σ ξ, with x of mean μ and covariance C and white ξ, the best linear estimate of x is μ + W (y - μ) with
W = C R and R = (C + σ²)^-1. With mean and covariance of n examples in their place, W moves by σ² R δC R and the
constant by σ² R δμ, to first order. For disjoint sets of n independent normal examples, of each of which
⟨δC A δC⟩ = (C A C + tr(AC) C)/n for symmetric A, the mean square difference of the two estimates, over examples, data
and noise, is

    E‖f_A(y) - f_B(y)‖² = 2 σ⁴ [tr(R² C R C) + tr(R² C) tr(R C) + tr(R C R)] / n + O(1/n²).

It is twice what either of them loses against the best one, which so is known from the data alone. Of other examples z =
x - μ, drawn in independent groups of g, such as all patches of an image, the bracket is

    g ⟨Σ_ij (z_i R² z_j)(1 + z_i R z_j)⟩ / g² - g tr(R² C R C),

the mean being one over groups; for g = 1 and normal z it is the one above.

Agreement of denoisers of disjoint data: Kadkhodaie, Guth, Simoncelli & Mallat 2024, arXiv:2310.02557. The patches are
those of the images of scikit-learn's `load_digits`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SIDE = 5
"""Pixels along a side of a patch."""

Floats = NDArray[np.float64]


@cache
def patches() -> Floats:
    """Return all patches of each of the 1,797 images, (images, 16, 25), pixels from 0 to 1."""
    from sklearn.datasets import load_digits

    images = load_digits().images / 16.0
    windows = np.lib.stride_tricks.sliding_window_view(images, (SIDE, SIDE), axis=(1, 2))
    return np.asarray(windows.reshape(len(images), -1, SIDE * SIDE))


@cache
def moments() -> tuple[Floats, Floats]:
    """Return mean (25,) and covariance (25, 25) of all patches."""
    every = patches().reshape(-1, SIDE * SIDE)
    return every.mean(axis=0), np.cov(every, rowvar=False, bias=True)


def filters(mean: Floats, covariance: Floats, noise_variance: float) -> tuple[Floats, Floats]:
    """Compute W = C (C + σ²)^-1, (d, d), and (1 - W) μ, (d,), of the estimate W y + (1 - W) μ.

    >>> slope, constant = filters(np.ones(1), np.eye(1), 3.0)
    >>> slope.tolist(), constant.tolist()
    ([[0.25]], [0.75])
    """
    unit = np.eye(len(mean))
    slope = np.linalg.solve(covariance + noise_variance * unit, covariance).T
    return np.asarray(slope, dtype=np.float64), np.asarray((unit - slope) @ mean, dtype=np.float64)


def mean_square(slope: Floats, constant: Floats, mean: Floats, covariance: Floats, noise: float) -> float:
    """Compute E‖A y + b‖² of y = x + σ ξ, for x of this mean and covariance and the variance `noise` of σ ξ."""
    second = covariance + noise * np.eye(len(mean))
    return float(np.trace(slope @ second @ slope.T) + np.square(slope @ mean + constant).sum())


def normal_constant(covariance: Floats, noise_variance: float) -> float:
    """Compute n E‖f_A - f_B‖² for large n and normal examples, 2 σ⁴ [tr(R² C R C) + tr(R² C) tr(R C) + tr(R C R)].

    >>> normal_constant(np.eye(1), 1.0)
    1.0
    """
    inverse = np.linalg.inv(covariance + noise_variance * np.eye(len(covariance)))
    through = inverse @ covariance
    first = np.trace(inverse @ through @ through)
    second, third = np.trace(inverse @ through) * np.trace(through), np.trace(through @ inverse)
    return float(2 * noise_variance**2 * (first + second + third))


def group_constant(groups: Floats, noise_variance: float) -> float:
    """Compute n E‖f_A - f_B‖² for large n and examples that come in groups, of which `groups` (m, g, d) are all.

    >>> signs = np.array([[[-1.0]], [[1.0]]])
    >>> group_constant(signs, 1.0)  # a variance that every example tells exactly, so that the mean alone is uncertain
    0.5
    """
    size, dimension = groups.shape[1:]
    every = groups.reshape(-1, dimension)
    covariance = np.cov(every, rowvar=False, bias=True).reshape(dimension, dimension)
    offset = groups - every.mean(axis=0)
    inverse = np.linalg.inv(covariance + noise_variance * np.eye(dimension))
    once, twice = (offset @ power @ offset.swapaxes(1, 2) for power in (inverse, inverse @ inverse))
    joint = (twice * (1 + once)).mean(axis=(1, 2)).mean()
    through = inverse @ covariance
    return float(2 * noise_variance**2 * size * (joint - np.trace(inverse @ through @ through)))


@cache
def source_constant(source: str, noise_variance: float) -> float:
    """Return the constant of a source of patches: `gaussian`, `patches` one by one, or those of whole `images`."""
    if source == "gaussian":
        return normal_constant(moments()[1], noise_variance)
    groups = patches()
    return group_constant(
        groups if source == "images" else groups.reshape(-1, 1, SIDE * SIDE), noise_variance
    )


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute the leading term of `test_disagreement` of each run of a table, its constant over half its samples.

    Whatever x is. Returns a float column aligned with `runs`, null for another y and for runs of another task or model.
    """
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    covered = (runs["task"] == "digit_patches") & (runs["model"] == "wiener_pair")
    if y != "test_disagreement" or not covered.any():
        return exact
    for at, source, noise, samples in runs.loc[covered, ["source", "noise_variance", "samples"]].itertuples():
        exact[at] = source_constant(str(source), float(noise)) / (samples / 2)
    return exact
