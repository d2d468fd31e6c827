r"""Exact test error of ridge regression on N random features of n examples: a loss of size and data at once.

The features g_j(x) = Σ_i √λ_i F_ij φ_i(x), j = 1 … N, with normal F, approximate the kernel of `kernel_ridge`:
k(x, x') ≈ Σ_j g_j(x) g_j(x') / N, and the ridge δ stands beside it. With z = Σ_i λ_i/(λ_i + γ) and
q = Σ_i (λ_i/(λ_i + γ))², the constants κ and γ solve

    z + δ/κ = n,    z + N κ/γ = N,

and on new examples with their noise

    mean squared error = [Σ_i (γ/(λ_i + γ) - κ λ_i/(λ_i + γ)² · N/(N - q)) v_i² + σ²]
                         / [1 - (q (N - 2z) + z²) / (n (N - q))].

Without a ridge or noise and for a target like the kernel, v_i² = λ_i, this is m γ / (1 - m/M), m and M the smaller and
the larger of n and N, and z = m: the same if n and N change places, infinite where they are equal. It falls as m^-α for
λ_i ~ i^-(1+α). With a ridge it is the same if n and N change places at an equal N δ. At the best ridge it falls in both
n and N.

Sources: Simon, Karkada, Ghosh & Belkin 2023, arXiv:2311.14646, section 3; Maloney, Roberts & Sully 2022,
arXiv:2210.16859, section 3.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar

from lawbook.theory.kernel_ridge import constant, mean_error

Floats = NDArray[np.float64]

_DECADES = 14
"""How far above and below the largest eigenvalue times n the best ridge is sought."""


class Constants(NamedTuple):
    """The two constants of n examples, N features and a ridge."""

    kappa: float
    gamma: float


def constants(eigenvalues: Floats, samples: float, features: float, ridge: float = 0.0) -> Constants:
    """Compute κ and γ, the roots of z + δ/κ = n and z + N κ/γ = N.

    eigenvalues: λ (K,), positive; samples: n; features: N; ridge: δ ≥ 0, beside the mean over features.

    >>> [round(value, 12) for value in constants(np.ones(8), 2.0, 4.0)]
    [1.5, 3.0]
    """
    least = min(samples, features)
    start = constant(eigenvalues, least)
    if ridge == 0.0:
        return Constants(max(0.0, start * (1.0 - _z(eigenvalues, start) / features)), start)

    def surplus(log_gamma: float) -> float:
        gamma = np.exp(log_gamma)
        z = _z(eigenvalues, gamma)
        return float((samples - z) * (features - z) * gamma / (features * ridge) - 1.0)

    # Below γ of no ridge one factor is negative, or with more of both than modes, γ is 0.
    highest = np.log(max(start, eigenvalues[0], ridge))
    while surplus(highest) <= 0.0:
        highest += 2.0
    lowest = np.log(start) if start > 0.0 else highest - 700.0
    gamma = float(np.exp(brentq(surplus, lowest, highest, xtol=1e-15, rtol=8.9e-16, maxiter=500)))
    return Constants(gamma * (1.0 - _z(eigenvalues, gamma) / features), gamma)


def mean_error_of_features(
    eigenvalues: Floats,
    power: Floats,
    samples: float,
    features: float,
    ridge: float = 0.0,
    noise: float = 0.0,
) -> float:
    """Compute the mean squared error on new examples without their noise; n or N may be infinite.

    power: v² (K,); noise: the variance σ². Infinite at n = N without a ridge.

    >>> round(mean_error_of_features(np.ones(8), np.ones(8), 2.0, 4.0), 12)
    12.0
    """
    if np.isinf(features):
        return mean_error(eigenvalues, power, samples, ridge, noise)
    if np.isinf(samples):
        gamma = constant(eigenvalues, features)
        return float((gamma / (eigenvalues + gamma) * power).sum())
    kappa, gamma = constants(eigenvalues, samples, features, ridge)
    share = eigenvalues / (eigenvalues + gamma)
    z, q = float(share.sum()), float(np.square(share).sum())
    if ridge == 0.0 and samples == features and samples < len(eigenvalues):
        return np.inf
    spread = features / (features - q)
    unlearned = ((1.0 - share) - kappa * share / (eigenvalues + gamma) * spread) * power
    denominator = 1.0 - (q * (features - 2.0 * z) + z * z) / (samples * (features - q))
    return (float(unlearned.sum()) + noise) / denominator - noise


def least_error(
    eigenvalues: Floats, power: Floats, samples: float, features: float, noise: float = 0.0
) -> tuple[float, float]:
    """Compute the least mean squared error over ridges, and the ridge that has it.

    >>> error, ridge = least_error(np.ones(8), np.ones(8), 2.0, np.inf, noise=1.0)
    >>> round(error, 6), round(ridge, 3)
    (6.274917, 1.0)
    """
    unit = float(np.log(eigenvalues[0] * samples))
    reach = _DECADES * np.log(10)

    def log_error(log_ridge: float) -> float:
        ridge = float(np.exp(log_ridge))
        return float(np.log(mean_error_of_features(eigenvalues, power, samples, features, ridge, noise)))

    # The error over log δ has one valley; a grid finds it where it is flat at both ends.
    grid = np.linspace(unit - reach, unit + np.log(10), 46)
    best = int(np.argmin([log_error(at) for at in grid]))
    ends = (float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)]))
    found = minimize_scalar(log_error, bounds=ends, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.fun)), float(np.exp(found.x))


def _z(eigenvalues: Floats, gamma: float) -> float:
    return float((eigenvalues / (eigenvalues + gamma)).sum())
