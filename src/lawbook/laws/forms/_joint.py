"""Two power laws, in N and in D, joined by a p-norm.

With terms A/N^α and B/D^β the p-norm is A (N^(-α p) + (r/D^β)^p)^(1/p), r = B/A: linear in A. Its limits are
A/N^α for D → ∞ and B/D^β for N → ∞; p = 1 adds them and p → ∞ takes the larger. Raised to a power the sum of
other terms gives the same family, (A/N^α + B/D^β)^γ, with p = 1/γ and the exponents α γ, β γ in the limits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lawbook.laws.law import Array

_IMBALANCE = 6.0
"""Largest |log| of the ratio of the two terms at the middle of the design, for a start."""


def log_p_norm(log_first: Array, log_second: Array, p: Array) -> Array:
    """Return the logarithm of (first^p + second^p)^(1/p), all (B, n) or broadcasting to it."""
    return np.asarray(np.logaddexp(p * log_first, p * log_second) / p)


def p_norm_slopes(log_first: Array, log_second: Array, p: Array) -> tuple[Array, Array, Array]:
    """Return the derivatives of `log_p_norm` in log first, log second and p."""
    gap = p * (log_second - log_first)
    share = np.exp(-np.logaddexp(0.0, -gap))  # of the second term
    soft = np.logaddexp(0.0, gap)
    return 1 - share, share, (gap * share - soft) / p**2


def log_ratio_box(x: Array, alpha: Array, beta: Array) -> Array:
    """Return bounds (2,) of log r such that r/D^β is near 1/N^α mid-design, α and β within (2,) bounds."""
    log_n, log_d = np.log(x[:, :2]).mean(axis=0)
    balanced = np.subtract.outer(beta * log_d, alpha * log_n)
    return np.array([balanced.min() - _IMBALANCE, balanced.max() + _IMBALANCE])


def recentred(value: Array, bounds: Array, middle: Array, low: float, high: float) -> Array:
    """Return start values (B,) moved from their place within `bounds` (2,) to that in middle + [low, high].

    Where a coordinate's good values follow from other parameters, its bounds cover those of any of them.
    """
    place = (value - bounds[0]) / (bounds[1] - bounds[0])
    return np.asarray(middle + low + (high - low) * place)


def balanced(x: Array, alpha: Array, beta: Array, log_ratio: Array, bounds: Array) -> Array:
    """Return starts of log r, (B,), such that r/D^β is near 1/N^α mid-design at their own α and β, (B,) each."""
    log_n, log_d = np.log(x[:, :2]).mean(axis=0)
    return recentred(log_ratio, bounds, beta * log_d - alpha * log_n, -_IMBALANCE, _IMBALANCE)


def towards_balance(box: Callable[[Array], Array]) -> Callable[[Array, Array, Array], Array]:
    """Return a law's `towards`: its log_ratio, behind α, β and one more, moved to the balance at their values."""

    def towards(x: Array, log_y: Array, theta: Array) -> Array:
        moved = theta.copy()
        moved[:, 3] = balanced(x, theta[:, 0], theta[:, 1], theta[:, 3], box(x)[3])
        return moved

    return towards


def allocation(alpha: Array, beta: Array) -> Array:
    """Return a = β/(α + β), the exponent of the compute-optimal N* ∝ C^a."""
    return np.asarray(beta / (alpha + beta))
