"""Exact errors of interpolation on the flat torus [0, 1)^d: straight lines between knots, and the nearest neighbour.

A target f(x) = Σ_i g(x_i) / √d has the power p_k in frequency k of g: g = Σ_k √(2 p_k) cos(2πkx + φ_k) + its mean.

Straight lines between K equidistant knots (d = 1), shifted at random, miss a mode by E(θ), θ = 2πk/K: shifts make modes
independent, and so the mean squared error is Σ p_k E(2πk/K), for every K. It falls as K^-4 ∫f''²/120 where f is smooth;
as Σ s²/(90 K³) where its slope jumps by s at some places and is straight between; as K^-2 for Takagi's function, which
has a derivative nowhere. Where f is Lipschitz, K^-2 is a bound. Knots of the best density, ∝ |f''|^(2/5), leave
(∫|f''|^(2/5))^5 / (120 K⁴) (de Boor 1973, "Good approximation by splines with variable knots").

The nearest of D uniform points lies at a displacement r of random direction within the volume V_d ρ^d, which is the
least of D uniform numbers. So the error is Σ 2 p_k (1 - E cos(2πk r_1)), for every D that leaves no ball wider than
the torus; as D grows it becomes E|∇f|²/d Γ(1 + 2/d) (D V_d)^(-2/d) (Bahri et al. 2021, arXiv:2102.06701, has the 2/d).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import hyp0f1, iv

Floats = NDArray[np.float64]

TARGETS = ("wave", "bump", "kinks", "takagi")
"""One cosine; e^(κ cos 2πx); a polygon; and Takagi's function, with kinks everywhere."""

CONCENTRATION = 4.0
"""κ of the bump."""
KINKS = np.array([0.05, 0.23, 0.42, 0.67, 0.81])
HEIGHTS = np.array([0.0, 1.0, 0.3, 0.8, -0.5])
"""The corners of the polygon."""

_MODES = 1 << 16
_OCTAVES = 54
_FINE = 1 << 16
"""Places at which the bump's curvature is summed."""


def values(target: str, x: ArrayLike) -> Floats:
    """Compute g(x) of period 1, of any shape.

    >>> values("takagi", [0.0, 0.25, 0.5]).tolist()
    [0.0, 0.5, 0.5]
    """
    at = np.mod(np.asarray(x, dtype=np.float64), 1.0)
    if target == "wave":
        return np.asarray(np.sqrt(2.0) * np.cos(2 * np.pi * at))
    if target == "bump":
        return np.asarray(np.exp(CONCENTRATION * np.cos(2 * np.pi * at)))
    if target == "kinks":
        return np.asarray(np.interp(at, KINKS, HEIGHTS, period=1.0))
    total, scaled = np.zeros_like(at), at
    for octave in range(_OCTAVES):
        total += np.minimum(scaled, 1.0 - scaled) / 2.0**octave
        scaled = np.mod(2.0 * scaled, 1.0)
    return total


def powers(target: str, modes: int = _MODES) -> Floats:
    """Compute p_k of g for k = 1 … `modes`: their sum is the variance of g."""
    k = np.arange(1, modes + 1)
    if target == "wave":
        return np.asarray(np.where(k == 1, 1.0, 0.0))
    if target == "bump":
        return np.asarray(2.0 * iv(k, CONCENTRATION) ** 2)
    if target == "kinks":
        waves = slope_jumps() @ np.exp(-2j * np.pi * KINKS[:, None] * k)
        return np.asarray(2.0 * np.abs(waves / (2 * np.pi * k) ** 2) ** 2)
    # k is an odd multiple of one power of two, and of that octave alone: a triangle wave of height 2^-v / 2.
    octave = (k & -k).astype(np.float64)
    return np.asarray(2.0 * octave**2 / (np.pi * k) ** 4)


def slope_jumps() -> Floats:
    """Compute by how much the slope of the polygon jumps at each of its kinks, (5,): their sum is 0."""
    widths = np.mod(np.roll(KINKS, -1) - KINKS, 1.0)
    slopes = (np.roll(HEIGHTS, -1) - HEIGHTS) / widths
    return np.asarray(slopes - np.roll(slopes, 1))


def missed_by_lines(theta: ArrayLike) -> Floats:
    """Compute E(θ) = 1 + (2 + cos θ)/3 - 4 (1 - cos θ)/θ², the share of e^(iωx) that lines miss at θ = ω/K.

    It is θ⁴/120 for small θ, and 5/3 on average for large.

    >>> [float(f"{share:.6g}") for share in missed_by_lines([0.01, 2 * np.pi])]
    [8.3333e-11, 2.0]
    """
    t = np.asarray(theta, dtype=np.float64)
    series = np.zeros_like(t)
    for m in range(8, 1, -1):  # where the closed form would cancel
        factor = 1 / (3 * math.factorial(2 * m)) - 4 / math.factorial(2 * m + 2)
        series = series * t**2 + (-1) ** m * factor
    with np.errstate(divide="ignore", invalid="ignore"):
        closed = 1 + (2 + np.cos(t)) / 3 - 4 * (1 - np.cos(t)) / t**2
    return np.asarray(np.where(np.abs(t) < 0.5, series * t**4, closed))


def line_error(target: str, knots: ArrayLike) -> Floats:
    """Compute the mean squared error of lines between K equidistant knots, over their shift: of each K."""
    counts = np.atleast_1d(np.asarray(knots, dtype=np.float64))
    k, p = np.arange(1, _MODES + 1), powers(target)
    return np.array([p @ missed_by_lines(2 * np.pi * k / count) for count in counts])


def best_density() -> tuple[Floats, Floats]:
    """Compute |f''|^(2/5) of the bump at the middles of equal cells: those places (m,) and its values (m,)."""
    x = (np.arange(_FINE) + 0.5) / _FINE
    angle = 2 * np.pi * x
    bend = CONCENTRATION * np.sin(angle) ** 2 - np.cos(angle)
    curvature = (2 * np.pi) ** 2 * CONCENTRATION * bend * np.exp(CONCENTRATION * np.cos(angle))
    return x, np.abs(curvature) ** 0.4


def best_line_error(knots: ArrayLike) -> Floats:
    """Compute (∫|f''|^(2/5))^5 / (120 K⁴) of the bump, what the best knots leave where they are many: of each K."""
    counts = np.atleast_1d(np.asarray(knots, dtype=np.float64))
    return np.asarray(best_density()[1].mean() ** 5 / (120.0 * counts**4))


def ball_volume(dimension: int) -> float:
    """Compute V_d = π^(d/2) / Γ(1 + d/2).

    >>> round(ball_volume(3) / np.pi, 6)
    1.333333
    """
    return float(np.pi ** (dimension / 2) / math.gamma(1 + dimension / 2))


def nearest_error(target: str, dimension: int, samples: ArrayLike) -> Floats:
    """Compute the mean squared error of the nearest of D uniform points in d dimensions, of each D.

    NaN where a ball that holds no point would reach around the torus with a probability above 10⁻⁶.
    """
    counts = np.atleast_1d(np.asarray(samples, dtype=np.float64))
    p = powers(target, 64 if target in ("wave", "bump") else 1 << 12)
    k = np.flatnonzero(p > 1e-16 * p.max()) + 1
    nodes, weights = np.polynomial.legendre.leggauss(256)
    volume, found = ball_volume(dimension), []
    for count in counts:
        if count * volume / 2**dimension < 6 * np.log(10):
            found.append(np.nan)
            continue
        # The volume is w^d, so that all is smooth in w ∝ ρ; beyond e^-40 there is nothing.
        reach = min(1.0, 40.0 / count) ** (1 / dimension)
        w = reach * (nodes + 1) / 2
        density = count * dimension * w ** (dimension - 1) * (1 - w**dimension) ** (count - 1)
        angle = 2 * np.pi * k[:, None] * w / volume ** (1 / dimension)
        missed = 2 * (1 - hyp0f1(dimension / 2, -(angle**2) / 4)) @ (density * weights * reach / 2)
        found.append(float(p[k - 1] @ missed))
    return np.array(found)


def nearest_limit(dimension: int, samples: ArrayLike, steepness: float) -> Floats:
    """Compute E|∇f|²/d Γ(1 + 2/d) (D V_d)^(-2/d), what the error becomes as D grows; steepness: E|∇f|²."""
    count = np.asarray(samples, dtype=np.float64)
    scale = steepness / dimension * math.gamma(1 + 2 / dimension)
    return np.asarray(scale * (count * ball_volume(dimension)) ** (-2 / dimension))


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute the exact test loss of each run of a table, over the places of its knots; null where none is known.

    Known are lines between equidistant knots, between the best knots of the bump, and the nearest of random points.
    """
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    axes = ["degree", "design", "target", "dimension"]
    if y != "test_loss" or not {*axes, "samples"} <= set(runs.columns):
        return exact
    for (degree, design, target, dimension), rows in runs.groupby(axes):
        counts = np.unique(rows["samples"])
        if (degree, design) == (1, "even"):
            known = line_error(str(target), counts)
        elif (degree, design) == (1, "best"):
            known = best_line_error(counts)
        elif (degree, design) == (0, "random"):
            known = nearest_error(str(target), int(str(dimension)), counts)
        else:
            continue
        exact[rows.index] = rows["samples"].map(dict(zip(counts, known, strict=True)))
    return exact
