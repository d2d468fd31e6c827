"""Rosenfeld's joint form, y = ε0 ε̃/√(ε̃² + η²) with ε̃ = a n^-α + b m^-β + c∞.

A common factor of (a, b, c∞, η) changes nothing, so η = ε0 is set: then y = u/√(1 + (u/ε0)²) with u = ε̃ in
units of y, which levels off at ε0, the error of a random guess. a = ε0 e^log_a, b = ε0 e^log_b and
c∞ = ε0 c_share. With u/ε0 = 1/4 + 1/3 + 1/6 = 3/4, y = 3/5 ε0:

>>> parameters = np.array([0.9, 0.5, 1.0, np.log(2.5), np.log(10.0 / 3), 1 / 6])
>>> float(np.exp(law.log_predict(np.array([[100.0, 10.0]]), parameters)[0]).round(12))
0.54
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._joint import recentred
from lawbook.laws.law import Array, Law

_EXPONENTS = np.array([1e-2, 3.0])
_REACH = (-9.0, 4.0)
"""Bounds of the logarithm of a term of u/ε0 mid-design."""


def _log_u(x: Array, theta: Array) -> tuple[tuple[Array, Array, Array], Array]:
    """Return the logarithms of the three terms of u/ε0 and of their sum."""
    log_n, log_m = np.log(x.T)
    alpha, beta, log_a, log_b, c = theta.T[:, :, None]
    terms = (log_a - alpha * log_n, log_b - beta * log_m, np.log(c))
    return terms, np.logaddexp(np.logaddexp(terms[0], terms[1]), terms[2])


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    _, log_u = _log_u(x, theta)
    return (-0.5 * np.logaddexp(0.0, -2 * log_u),)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_n, log_m = np.log(x.T)
    terms, log_u = _log_u(x, theta)
    in_u = np.exp(-np.logaddexp(0.0, 2 * log_u))  # d log φ / d log u = 1/(1 + u²)
    first, second, third = (in_u * np.exp(term - log_u) for term in terms)
    c = theta[:, 4:]
    return {
        (0, 0): -first * log_n, (0, 1): -second * log_m, (0, 2): first, (0, 3): second, (0, 4): third / c
    }  # fmt: skip


def _towards(x: Array, log_y: Array, theta: Array) -> Array:
    log_n, log_m = np.log(x).mean(axis=0)
    box, moved = _box(x), theta.copy()
    moved[:, 2] = recentred(theta[:, 2], box[2], theta[:, 0] * log_n, *_REACH)
    moved[:, 3] = recentred(theta[:, 3], box[3], theta[:, 1] * log_m, *_REACH)
    return moved


def _box(x: Array) -> Array:
    log_n, log_m = np.log(x).mean(axis=0)
    log_a, log_b = (np.add(np.sort(_EXPONENTS * middle), _REACH) for middle in (log_n, log_m))
    return np.array([_EXPONENTS, _EXPONENTS, log_a, log_b, [1e-9, 3.0]])


law = Law(
    name="rosenfeld",
    formula="y = u/√(1 + (u/ε0)²), u = a n^-α + b m^-β + c∞",
    source="Rosenfeld et al. 2020, arXiv:1909.12673 (the form with the complex envelope, η = ε0)",
    linear=("eps_0",),
    nonlinear=("alpha", "beta", "log_a", "log_b", "c_share"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    towards=_towards,
    log_spaced=(True, True, False, False, True),
    inputs=("n", "m"),
    derived={
        "a": lambda p, _: p[..., 0] * np.exp(p[..., 3]),
        "b": lambda p, _: p[..., 0] * np.exp(p[..., 4]),
        "c_inf": lambda p, _: p[..., 0] * p[..., 5],
    },
)
