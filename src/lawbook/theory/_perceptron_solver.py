r"""The max-margin student of pruned data, as a convex problem in two variables.

τ is the teacher's field and p that of the direction orthogonal to it in the plane of teacher and probe, so that
the probe's field is z = τ cos θ + p sin θ. Examples of one class have τ > 0, those of the other are their mirror
images. A student with components (A, B, 1)/√(1+A²+B²) along τ, p and the rest has R = A/√(1+A²+B²); its margin
κ = k/√(1+A²+B²) is the largest with a solution (Gardner 1988, J. Phys. A 21:257) where

    α E (k - Aτ - Bp - g)₊² = 1    over kept τ > 0, p, and a standard normal g.

The norm in it is convex, so that k(A, B) is concave and the maximum of log k - ½ log(1 + A² + B²) the only
stationary point: that of the replica-symmetric free energy. The mean over g is closed,
E_g (m - g)₊² = (m² + 1) Φ(m) + m φ(m); that over (τ, p) is Gauss's quadrature; Newton's method does the rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

_REACH = 8.0
"""Largest field of the quadrature: a normal variable is beyond with probability 1e-15."""

_SMALLEST_ANGLE = 1e-6
"""In radians: below it the probe counts as the teacher, since the quadrature divides by sin θ."""

_ALONG, _ACROSS = 12, 40
"""Nodes of a panel in τ, and of a row in p for few examples."""

_ROUNDS = 100

_ROUNDING = 1e-12
"""Relative error of the value that is ascended: k - Aτ loses digits where both are large."""


class Direction(NamedTuple):
    """A student: its components A and B in units of that out of the plane, and k, its margin in that unit."""

    A: float
    B: float
    k: float


class Nodes(NamedTuple):
    """Quadrature over the kept examples of one class, (n,) each; the weights sum to 1."""

    tau: Floats
    p: Floats
    weight: Floats


def kept_range(f: float, keep: str) -> tuple[float, float]:
    """Compute the range of |z| that is kept: up to γ = Φ⁻¹((1+f)/2) if hard, beyond u0 = -Φ⁻¹(f/2) if easy."""
    return (0.0, float(ndtri((1 + f) / 2))) if keep == "hard" else (max(0.0, float(-ndtri(f / 2))), np.inf)


def nodes(alpha: float, f: float, keep: str, theta: float) -> Nodes:
    """Compute the quadrature for α kept examples per dimension, at θ in radians, 0 to π/2."""
    low, high = kept_range(f, keep)
    finest = 0.02 / (1 + alpha)
    # Panels narrow towards where the margin lies: students resolve 1/α.
    towards = np.concatenate([[0.0], np.geomspace(finest, 1.0, int(np.ceil(-np.log2(finest))) + 1)])
    if f == 1 or theta < _SMALLEST_ANGLE:
        width = min(high, low + _REACH) - low
        tau, weight = _panels(low + width * towards)
        return Nodes(tau, np.zeros_like(tau), weight * 2 * _normal(tau) / f)

    sin, cos = np.sin(theta), np.cos(theta)
    cut = high if keep == "hard" else low
    end = min(_REACH, cut * cos + _REACH * sin) if keep == "hard" else _REACH
    # Across z = cut the kept share changes within sin θ.
    steps = sin * 2.0 ** np.arange(np.ceil(np.log2(_REACH / sin)) + 1)
    edges = np.unique(np.concatenate([end * towards, cut * cos - steps, [cut * cos], cut * cos + steps]))
    tau, along = _panels(edges[(edges >= 0) & (edges <= end)])
    below, above = (-cut - tau * cos) / sin, (cut - tau * cos) / sin
    count = int(_ACROSS * (1 + np.log1p(alpha / 10)))
    if keep == "hard":
        rows = [_row(below, above, count, power=1)]
    else:
        far = np.full_like(tau, _REACH)
        rows = [_row(below, -far, count, power=2), _row(above, far, count, power=2)]
    p, across = (np.concatenate(parts, axis=1) for parts in zip(*rows, strict=True))
    weight = along[:, None] * across * 2 * _normal(tau)[:, None] * _normal(p) / f
    counts = weight > 1e-18
    return Nodes(np.broadcast_to(tau[:, None], p.shape)[counts], p[counts], weight[counts])


def _row(start: Floats, end: Floats, count: int, power: int) -> tuple[Floats, Floats]:
    """Return nodes and weights from `start` to `end` within reach, denser at the start the higher the power."""
    node, weight = np.polynomial.legendre.leggauss(count)
    share = (1 + node) / 2
    start, end = np.clip(start, -_REACH, _REACH)[:, None], np.clip(end, -_REACH, _REACH)[:, None]
    length = end - start
    return start + length * share**power, np.abs(length) / 2 * weight * power * share ** (power - 1)


def _panels(edges: Floats) -> tuple[Floats, Floats]:
    node, weight = np.polynomial.legendre.leggauss(_ALONG)
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + node)).ravel(), (half * weight).ravel()


def _normal(x: Floats) -> Floats:
    density: Floats = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    return density


def solve(alpha: float, f: float, keep: str, theta: float) -> Direction:
    """Compute the student of largest margin by Newton's method in arsinh A and arsinh B, with halved steps.

    Raises ArithmeticError if it has not converged after 100 rounds, which has not been seen.
    """
    on = nodes(alpha, f, keep, theta)
    x, start = np.array([np.arcsinh(0.5 * (1 + alpha)), 0.0]), None
    while start is None:  # The teacher itself separates: with enough of it, there is a margin.
        x[0] += 1
        start = _value(alpha, on, x, 0.0)
    value, k = start
    for _ in range(_ROUNDS):
        gradient, hessian = _derivatives(alpha, on, x, k)
        curvature, basis = np.linalg.eigh(-hessian)
        step = basis @ ((basis.T @ gradient) / np.maximum(np.abs(curvature), 1e-12))
        size = float(np.abs(step).max())
        step *= min(1.0, 2 / size) if size else 1.0
        share = 1.0
        while (found := _value(alpha, on, x + share * step, k)) is None or (
            found[0] < value + 1e-4 * share * (gradient @ step) - _ROUNDING * (1 + abs(value))
        ):
            share /= 2
            if share < 1e-12:
                raise ArithmeticError(f"no ascent at alpha={alpha}, f={f}, keep={keep}, theta={theta}")
        x = x + share * step
        settled = size < 1e-9 or (size < 1e-6 and found[0] <= value)
        value, k = found
        if settled:
            A, B = np.sinh(x)
            return Direction(float(A), float(B), k)
    raise ArithmeticError(f"no convergence at alpha={alpha}, f={f}, keep={keep}, theta={theta}")


def _value(alpha: float, on: Nodes, x: Floats, k: float) -> tuple[float, float] | None:
    """Return log k - ½ log(1 + A² + B²) and k(A, B); None where no margin is left. `k` is a guess."""
    A, B = np.sinh(x)
    shift = -A * on.tau - B * on.p
    k = max(k, -float(shift.max()))
    # √E(m - g)₊² is convex and nearly linear in k: from the right, Newton's method descends to the root.
    for _ in range(_ROUNDS):
        m = k + shift
        density, below = _normal(m), ndtr(m)
        norm = np.sqrt(alpha * (on.weight @ ((m**2 + 1) * below + m * density)))
        step = float((norm - 1) * norm / (alpha * (on.weight @ (m * below + density))))
        k -= step
        if k <= 0:
            return None
        if abs(step) < 1e-13 * (1 + k):
            break
    return float(np.log(k) - np.log1p(A**2 + B**2) / 2), k


def _derivatives(alpha: float, on: Nodes, x: Floats, k: float) -> tuple[Floats, Floats]:
    """Return gradient and Hessian of `_value` in x, through the implicit function k(A, B)."""
    v = np.sinh(x)
    m = k - v[0] * on.tau - v[1] * on.p
    density, below = _normal(m), ndtr(m)
    slopes = np.stack([np.ones_like(m), -on.tau, -on.p])
    first = (slopes * on.weight) @ (m * below + density)
    second = (slopes * (on.weight * below)) @ slopes.T
    by_v = -first[1:] / first[0]
    along = np.vstack([by_v, np.eye(2)])
    by_vv = -(along.T @ second @ along) / first[0]
    norm = 1 + v @ v
    gradient = by_v / k - v / norm
    hessian = by_vv / k - np.outer(by_v, by_v) / k**2 - np.eye(2) / norm + 2 * np.outer(v, v) / norm**2
    chain = np.hypot(1.0, v)
    return chain * gradient, chain[:, None] * hessian * chain + np.diag(v * gradient)
