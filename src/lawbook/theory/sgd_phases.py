r"""One-pass SGD on power-law random features: its exact mean loss, and the phases of its compute-optimal size.

Inputs are x ∈ R^v with independent normal x_j of variance j^-2α, the target is Σ_j j^-β x_j, and the model sees the d
features φ = W x with W ~ N(0, 1/d). Given W, φ ~ N(0, H), the best weights θ* leave a residual that is independent of
φ, and in the eigenbasis of H the second moments of the error move as those of `lawbook.theory.sgd_oracle` do:

    m_k ← ((1 - ηλ_k)² + η²λ_k²/B) m_k + (η²λ_k/B) L,    L = Σ_k λ_k m_k + r,

with r = b·D b - Σ_k λ_k θ*_k², D = diag(j^-2α) and b_j = j^-β. Compute is f = d·t, t steps of B = 1.

For 2α > 1 the loss is a sum of four terms, up to constants (v, d and t large):

    what d features cannot express, d^-(2α+2β-1) for 2β < 1 and d^-2α for 2β > 1;
    what has not been learned yet, t^-(2α+2β-1)/2α;
    the distortion of features, d^-1 t^-(2α-1)/2α, for 2β > 1;
    the noise of SGD, t^-(4α-1)/2α.

Least at f = d·t, two of them are of one size: the first and the second in phase Ia (2β < 1), the third and the second
in phase II (1/2 < β < α), the third and the fourth in phase III (β > α).

For 2α < 1 the variance of all inputs grows as v^(1-2α), v in proportion to d, and the rate falls as d^(2α-1). There is
no distortion, times are s = t d^(2α-1), and the noise is d^(2α-1) s^-(4α-1)/2α. Least at f = d·t, the first and the
second are of one size in phase Ib (2β < 1), the first and the noise in phase IVa (2β > 1 and α > 1 - 1/√2): at s = d^2α
both times, and so at d = t. For 1/4 < α < 1 - 1/√2 the noise at f = d·t falls with d, until the second is as large: in
phase IVb (2β > 1) they are of one size. For α < 1/4 it is no larger than the first while s < d^2α, and in phase Ic
(2β > 1) the first and the second are of one size. Corrections are of order d^-(1-2α) and d^-2α, and die slowly.

Source: Paquette, Paquette, Xiao & Pennington 2024, "4+3 phases of compute-optimal neural scaling laws",
arXiv:2405.15074, which has no proof for α < 1/4. The exponents follow from the terms.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]


class Exponents(NamedTuple):
    """The phase of (α, β), and the exponents of L* ~ f^-loss and d* ~ f^size."""

    phase: str
    loss: float
    size: float


def exponents(alpha: float, beta: float) -> Exponents:
    """Compute phase and exponents at infinite compute.

    On the border β = α the phases II and III agree. Raises ValueError for β ≤ 0, for α ≤ 1/4 where 2β < 1, and for α on
    other borders.

    >>> exponents(1.0, 0.7).phase, round(exponents(1.0, 0.7).loss, 3), round(exponents(1.0, 0.7).size, 3)
    ('II', 0.706, 0.412)
    """
    least, turn = 1 / 4 if 2 * beta < 1 else 0.0, 1 - math.sqrt(1 / 2)
    if not (alpha > least and alpha not in (1 / 4, turn, 1 / 2) and beta > 0 and alpha + beta > 1 / 2):
        raise ValueError(f"needs beta > 0 and alpha > {least:g}, on no border; got {alpha} and {beta}")
    learned = (2 * alpha + 2 * beta - 1) / (2 * alpha)  # of t, or of s
    if 2 * alpha < 1:  # f = s d^(2-2α)
        if 2 * beta < 1:  # d = t
            return Exponents("Ib", alpha + beta - 1 / 2, 0.5)
        if alpha > turn:  # d = t
            return Exponents("IVa", alpha, 0.5)
        if 4 * alpha > 1:  # d^(2α-1) s^-(4α-1)/2α = s^-learned
            name, time = "IVb", alpha * (1 - 2 * alpha) / (beta - alpha)  # s = d^time
        else:  # d^-2α = s^-learned
            name, time = "Ic", 2 * alpha / learned
        size = 1 / (2 - 2 * alpha + time)
        return Exponents(name, time * size * learned, size)
    if 2 * beta < 1:  # d^-2α learned = t^-learned, so that t = d^2α
        size = 1 / (2 * alpha + 1)
        return Exponents("Ia", (1 - size) * learned, size)
    if beta < alpha:  # d t^(2α-1)/2α = t^learned, so that d = t^β/α
        size = beta / (alpha + beta)
        return Exponents("II", (1 - size) * learned, size)
    return Exponents("III", (4 * alpha - 1) / (4 * alpha), 0.5)  # d = t


class Features(NamedTuple):
    """Draws of features in the eigenbasis of H: λ (d,); for each of n targets the squares of θ* (n, d), and r (n,)."""

    variances: Floats
    moments: Floats
    residuals: Floats


def features(weights: ArrayLike, alpha: float, beta: ArrayLike) -> Features:
    """Compute what SGD on the features φ = W x follows, W (d, v), for each of the β (n,)."""
    w = np.asarray(weights, dtype=np.float64)
    j = np.arange(1, w.shape[1] + 1, dtype=np.float64)
    spread = j ** (-2 * alpha)
    scaled = w * np.sqrt(spread)
    variances, basis = np.linalg.eigh(scaled @ scaled.T)
    targets = j ** -np.asarray(beta, dtype=np.float64)[:, None]
    moments = np.square((targets * spread) @ w.T @ basis / variances)
    return Features(variances, moments, np.square(targets) @ spread - moments @ variances)


def inexpressible(alpha: float, beta: float, n_features: int, n_inputs: int) -> float:
    """Compute what d features of v inputs cannot express, r = Σ_j b_j² λ_j κ/(λ_j + κ) with Σ_j λ_j/(λ_j + κ) = d.

    It is the deterministic equivalent, for large d, of the mean of `features(...).residuals`. Needs 0 < d < v.
    Source: Simon, Dickens, Karkada & DeWeese 2023, arXiv:2110.03922, equation 4, with W in place of the samples.

    >>> left = [inexpressible(0.4, 0.4, d, 4 * d) for d in (10, 20, 1000, 2000)]
    >>> round(math.log2(left[0] / left[1]), 2), round(math.log2(left[2] / left[3]), 2)  # 0.6 in the limit
    (0.31, 0.53)
    """
    j = np.arange(1, n_inputs + 1, dtype=np.float64)
    spread = j ** (-2 * alpha)

    def missing(log_kappa: float) -> float:
        return float(np.sum(spread / (spread + math.exp(log_kappa)))) - n_features

    kappa = math.exp(brentq(missing, math.log(spread[-1]) - 60, math.log(n_inputs) + 1))
    return float(np.sum(j ** (-2 * beta) * spread * kappa / (spread + kappa)))


def mean_loss(of: Features, learning_rate: float, steps: ArrayLike, batch_size: int = 1) -> Floats:
    """Compute L after `steps` (S,), real and ≥ 0, of SGD from zero weights on each target, (n, S), in closed form.

    The matrix of the recursion is diagonal plus one of rank one. Raises ValueError for a rate at which it grows.
    """
    times = np.asarray(steps, dtype=np.float64)
    pull = learning_rate * of.variances
    decays, basis = np.linalg.eigh(
        np.diag(2 * pull - pull**2 * (1 + 1 / batch_size)) - np.outer(pull, pull) / batch_size
    )
    if decays[0] <= 0 or decays[-1] >= 1:
        raise ValueError(f"the mean loss grows at the rate {learning_rate:g}; choose a smaller one")
    readout = basis.T @ of.variances
    driven = readout * (basis.T @ (learning_rate * pull / batch_size))
    exponent = np.multiply.outer(times, np.log1p(-decays))
    left = of.moments @ basis * readout @ np.exp(exponent).T
    return np.asarray(left + of.residuals[:, None] * (1 + -np.expm1(exponent) / decays @ driven))
