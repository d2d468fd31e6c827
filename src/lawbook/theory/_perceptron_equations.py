r"""The replica equations of pruned data as Sorscher et al. 2022 print them, for residuals at a given solution.

Appendix A of arXiv:2206.14486, equations (1) to (6), with α = kept examples per dimension, H(x) = ½ erfc(x/√2)
and ⟨·⟩_z over the kept density p(z) of the probe's field, both signs, normalised; t runs up to κ:

    (1)  (R - ρ cos θ)/sin²θ = α/(πΛ) ⟨∫ dt e^(-Δ/2Λ²) (κ - t)⟩
    (2)  1 - (ρ² + R² - 2ρR cos θ)/sin²θ = 2α ⟨∫ dt N(t; ρz, 1-ρ²) H(Γ/(√(1-ρ²) Λ)) (κ - t)²⟩
    (3)  (ρ - R cos θ)/sin²θ = 2α ⟨∫ dt [N(t; ρz, 1-ρ²) H(Γ/(√(1-ρ²) Λ)) (z - ρt)/(1-ρ²)
                                         + e^(-Δ/2Λ²)/(2πΛ) (ρR - cos θ)/(1-ρ²)] (κ - t)⟩
    (4)  Λ² = sin²θ - R² - ρ² + 2ρR cos θ
    (5)  Γ = z (ρR - cos θ) - t (R - ρ cos θ)
    (6)  Δ = z² (ρ² + cos²θ - 2ρR cos θ) + 2tz (R cos θ - ρ) + t² sin²θ

and for the perfect probe, θ = 0, where ρ = R, s² = 1 - R² and γ is the largest |z| that is kept:

    R = 2α/(f √(2π) s) ∫ Dt e^(-R²t²/2s²) [1 - e^(-γ(γ-2Rt)/2s²)] (κ - t)
    1 - R² = 2α/f ∫ Dt [Φ(Rt/s) - Φ((Rt-γ)/s)] (κ - t)²

The quadrature is SciPy's adaptive one over (z, t) and over t, in other variables than the solver's.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import erfc, exp, inf, pi, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad, quad_vec
from scipy.special import ndtr

Floats = NDArray[np.float64]

_FAR = 9.0
_TOLERANCE = 1e-10


def perfect_residuals(alpha: float, f: float, gamma: float, R: float, kappa: float) -> Floats:
    """Compute left minus right of the two equations of the perfect probe that keeps |z| < γ; returns (2,).

    Not for R so near 1 that s = √(1-R²) has lost its digits.
    """
    s = sqrt(1 - R * R)

    def gauss(x: float) -> float:
        return exp(-x * x / 2) / sqrt(2 * pi)

    def first(t: float) -> float:
        # The printed factors e^(-R²t²/2s²) and e^(-γ(γ-2Rt)/2s²) apart would overflow.
        near, far = (
            exp(-((R * t / s) ** 2) / 2),
            exp(-(((R * t / s) ** 2) + gamma * (gamma - 2 * R * t) / s**2) / 2),
        )
        return gauss(t) * (near - far) * (kappa - t)

    def second(t: float) -> float:
        return gauss(t) * float(ndtr(R * t / s) - ndtr((R * t - gamma) / s)) * (kappa - t) ** 2

    kinks = sorted({-8 * s, -s, 0.0, s, min(gamma, kappa), kappa})
    edges = [-inf, -_FAR, *(k for k in kinks if -_FAR < k <= kappa)]

    def integral(of: Callable[[float], float]) -> float:
        pieces = pairwise(edges)
        return sum(quad(of, low, high, epsabs=_TOLERANCE * 1e-2, limit=200)[0] for low, high in pieces)

    return np.array(
        [
            R - 2 * alpha / (f * sqrt(2 * pi) * s) * integral(first),
            1 - R**2 - 2 * alpha / f * integral(second),
        ]
    )


def imperfect_residuals(
    alpha: float, f: float, kept: tuple[float, float], theta: float, R: float, rho: float, kappa: float
) -> Floats:
    """Compute left minus right of equations (1), (2), (3) for a probe at angle θ > 0 in radians; returns (3,).

    `kept` = (smallest, largest) |z| that is kept, the largest may be infinite.
    """
    cos, sin2 = np.cos(theta), np.sin(theta) ** 2
    spread, Lambda = sqrt(1 - rho**2), sqrt(sin2 - R**2 - rho**2 + 2 * rho * R * cos)
    low, high = kept[0], min(kept[1], _FAR)

    def at(z: float) -> Floats:
        def of(t: float) -> Floats:
            Gamma = z * (rho * R - cos) - t * (R - rho * cos)
            Delta = z * z * (rho**2 + cos**2 - 2 * rho * R * cos) + 2 * t * z * (R * cos - rho) + t * t * sin2
            edge = exp(-Delta / (2 * Lambda**2))
            normal = exp(-((t - rho * z) ** 2) / (2 * spread**2)) / (sqrt(2 * pi) * spread)
            bulk = normal * erfc(Gamma / (spread * Lambda) / sqrt(2)) / 2
            twist = bulk * (z - rho * t) / spread**2 + edge / (2 * pi * Lambda) * (rho * R - cos) / spread**2
            return (
                density
                * alpha
                * (kappa - t)
                * np.array([edge / (pi * Lambda), 2 * bulk * (kappa - t), 2 * twist])
            )

        density = exp(-z * z / 2) / sqrt(2 * pi) / f
        centre = (z * (rho * R - cos)) / (R - rho * cos)  # where Γ = 0
        start = rho * z - _FAR * spread
        if start >= kappa:
            return np.zeros(3)
        points = [p for p in (centre, rho * z) if start < p < kappa]
        return np.asarray(
            quad_vec(of, start, kappa, points=points, epsabs=_TOLERANCE, epsrel=1e-9, norm="max")[0]
        )

    total = np.zeros(3)
    for both in (at, lambda z: at(-z)):
        total += quad_vec(both, low, high, epsabs=_TOLERANCE, epsrel=1e-9)[0]
    left = np.array(
        [(R - rho * cos) / sin2, 1 - (rho**2 + R**2 - 2 * rho * R * cos) / sin2, (rho - R * cos) / sin2]
    )
    return np.asarray(left - total)
