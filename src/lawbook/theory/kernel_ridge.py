r"""Exact test error of kernel ridge regression, mode by mode: how much of each mode n examples teach.

A kernel k(x, x') = Σ_i λ_i φ_i(x) φ_i(x') with orthonormal φ_i, and a target Σ_i v_i φ_i(x) with noise of variance σ².
The constant κ of n examples and a ridge δ solves

    Σ_i λ_i / (λ_i + κ) + δ / κ = n,

mode i has the learnability 𝓛_i = λ_i / (λ_i + κ), the share of it that comes out on average, and with q = Σ_i 𝓛_i²

    mean squared error = n / (n - q) · (Σ_i (1 - 𝓛_i)² v_i² + σ²)

on new examples with their noise. Without a ridge Σ_i 𝓛_i = n: n examples teach n modes' worth, however it is spread.
It is the limit of many modes, in which φ_i(x) count as independent normal numbers.

Sources: Simon, Dickens, Karkada & DeWeese 2023, arXiv:2110.03922, equations 5 to 11; Bordelon, Canatar & Pehlevan 2020,
arXiv:2002.02561.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]


def constant(eigenvalues: Floats, samples: float, ridge: float = 0.0) -> float:
    """Compute κ, the root of Σ λ/(λ + κ) + δ/κ = n; 0 without a ridge where there are no fewer examples than modes.

    eigenvalues: λ (K,), positive; samples: n > 0; ridge: δ ≥ 0, on the diagonal of the kernel matrix.
    Σ 𝓛 + δ/κ differs from n by rounding alone.

    >>> constant(np.ones(4), 2.0), constant(np.ones(4), 4.0)
    (1.0, 0.0)
    """
    if ridge == 0.0 and samples >= len(eigenvalues):
        return 0.0

    def surplus(log_kappa: float) -> float:
        kappa = np.exp(log_kappa)
        return float((eigenvalues / (eigenvalues + kappa)).sum() + ridge / kappa - samples)

    # Each of the two terms is at most n there: Σ λ/(λ + κ) ≤ Σ λ / κ.
    highest = np.log((eigenvalues.sum() + ridge) / samples)
    lowest = highest - 1.0
    while surplus(lowest) <= 0.0:
        lowest -= 2.0 * (highest - lowest)
    root = float(brentq(surplus, lowest, highest, xtol=1e-15, rtol=8.9e-16, maxiter=500))
    for _ in range(2):  # in κ itself the last digits are finer than in its logarithm
        kappa = np.exp(root)
        slope = -(kappa * eigenvalues / np.square(eigenvalues + kappa)).sum() - ridge / kappa
        root -= surplus(root) / slope
    return float(np.exp(root))


def learnabilities(eigenvalues: Floats, samples: float, ridge: float = 0.0) -> Floats:
    """Compute 𝓛_i = λ_i / (λ_i + κ), (K,): the mean share of each mode that n examples teach.

    >>> learnabilities(np.ones(4), 2.0)
    array([0.5, 0.5, 0.5, 0.5])
    """
    return np.asarray(eigenvalues / (eigenvalues + constant(eigenvalues, samples, ridge)))


def mean_error(
    eigenvalues: Floats, power: Floats, samples: float, ridge: float = 0.0, noise: float = 0.0
) -> float:
    """Compute n/(n - q) · (Σ (1 - 𝓛)² v² + σ²) - σ²: the mean squared error on new examples without their noise.

    power: v² (K,), the square of each mode's coefficient; noise: the variance σ². Infinite where q = n, as with
    noise at as many examples as modes.

    >>> mean_error(np.ones(4), np.ones(4), 2.0)
    2.0
    """
    learned = learnabilities(eigenvalues, samples, ridge)
    unlearned = float((np.square(1.0 - learned) * power).sum()) + noise
    left = samples - float(np.square(learned).sum())
    if left <= 0.0:
        return np.inf if unlearned > 0.0 else 0.0
    return samples / left * unlearned - noise
