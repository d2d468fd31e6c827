"""M4, a sigmoid in log x between two levels, (y - ε∞)/(ε0 - y)^α = β x^-c.

With y = ε∞ (1 - u) + ε0 u it reads u/(1 - u)^α = (x/d)^-c with β = (ε0 - ε∞)^(1 - α) d^c: linear in the two
levels. At α = 1 it is a logistic curve in log x:

>>> float(np.exp(law.log_predict(np.array([[40.0]]), np.array([0.1, 0.9, 10.0, 1.0, 1.0]))[0]).round(12))
0.26
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law

_NEWTON_STEPS = 60
_SHARPEST = 1e-2
"""Smallest α of a fit: below it the curve is M2 cut off at ε0 on any data."""


def _logit(s: Array, alpha: Array) -> Array:
    """Return t = log(u/(1 - u)) with log u - α log(1 - u) = s.

    The left side is increasing in t, with slope 1 at one end and α at the other, and convex or concave
    throughout: from the asymptote at either end Newton's iteration approaches the root from one side.
    """
    t = np.where(s < 0, s, s / alpha)
    for _ in range(_NEWTON_STEPS):
        log_u, log_v, u = _parts(t)
        step = (log_u - alpha * log_v - s) / (1 + (alpha - 1) * u)
        t = t - step
        # The error left is below the square of the step.
        if (step * step <= 1e-17 * (1 + np.abs(t))).all():
            break
    return np.asarray(t)


def _parts(t: Array) -> tuple[Array, Array, Array]:
    """Return log u, log(1 - u) and u of the logit t."""
    small = np.exp(-np.abs(t))
    soft = np.log1p(small)
    rising = t > 0
    return np.minimum(t, 0.0) - soft, -np.maximum(t, 0.0) - soft, np.where(rising, 1.0, small) / (1 + small)


class _Last:
    """The last x, θ and solution there: terms and slopes are asked for in turn. Set at once, for threads."""

    known: tuple[Array, Array, tuple[Array, Array]] | None = None


def _solve(x: Array, theta: Array) -> tuple[Array, Array]:
    """Return log(x/d) and the logit of u, each (B, n)."""
    known = _Last.known
    if known is not None and known[0] is x and known[1] is theta:
        return known[2]
    d, c, alpha = theta.T[:, :, None]
    log_ratio = np.log(x[:, 0]) - np.log(d)
    found = log_ratio, _logit(-c * log_ratio, alpha)
    _Last.known = x, theta, found
    return found


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    log_u, log_v, _ = _parts(_solve(x, theta)[1])
    return log_v, log_u


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    d, c, alpha = theta.T[:, :, None]
    log_ratio, t = _solve(x, theta)
    _, log_v, u = _parts(t)
    v = np.exp(log_v)
    rise = v + alpha * u
    in_t = (c / d / rise, -log_ratio / rise, log_v / rise)
    return {(j, k): by * dt for j, by in enumerate((-u, v)) for k, dt in enumerate(in_t)}


def _box(x: Array) -> Array:
    low, high = x[:, 0].min(), x[:, 0].max()
    # A d far below the data gives M2: there u is a power of x. Near c = 0 both levels act alike.
    return np.array([[1e-12 * low, 1e3 * high], [1e-2, 30.0], [_SHARPEST, 5.0]])


def _beta(parameters: Array, centre: Array) -> Array:
    err_inf, err_0, d, c, alpha = np.moveaxis(parameters, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((err_0 - err_inf) ** (1 - alpha) * d**c)


law = Law(
    name="m4",
    formula="y = ε∞ (1 - u) + ε0 u, u/(1 - u)^α = (x/d)^-c",
    source="Alabdulmohsin et al. 2022, arXiv:2209.06640, M4 (there with the opposite sign of c)",
    linear=("err_inf", "err_0"),
    nonlinear=("d", "c", "alpha"),
    exponent="c",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True, True, True),
    floor="err_inf",
    derived={"beta": _beta},
)
