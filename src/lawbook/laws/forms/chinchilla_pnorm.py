"""Chinchilla's terms joined by a p-norm, y = E + ((A/N^α)^p + (B/D^β)^p)^(1/p): like their maximum at large p.

B = A e^log_ratio. At p = 2, with terms 3 and 4:

>>> parameters = np.array([1.0, 30.0, 0.5, 0.25, 2.0, np.log(40.0 / 30.0)])
>>> float(np.exp(law.log_predict(np.array([[100.0, 1e4]]), parameters)[0]).round(12))
6.0
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._joint import allocation, log_p_norm, log_ratio_box, p_norm_slopes, towards_balance
from lawbook.laws.law import CONSTANT, Array, Law

_EXPONENTS = np.array([1e-2, 3.0])


def _terms(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    """Return the logarithms of the two terms over A, and p."""
    log_n, log_d = np.log(x.T)
    alpha, beta, p, log_ratio = theta.T[:, :, None]
    return -alpha * log_n, log_ratio - beta * log_d, p


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    return CONSTANT, log_p_norm(*_terms(x, theta))


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_n, log_d = np.log(x.T)
    first, second, in_p = p_norm_slopes(*_terms(x, theta))
    return {(1, 0): -first * log_n, (1, 1): -second * log_d, (1, 2): in_p, (1, 3): second}


def _box(x: Array) -> Array:
    return np.array([_EXPONENTS, _EXPONENTS, [0.4, 30.0], log_ratio_box(x, _EXPONENTS, _EXPONENTS)])


law = Law(
    name="chinchilla_pnorm",
    formula="y = E + ((A/N^α)^p + (B/D^β)^p)^(1/p), log_ratio = log(B/A)",
    source="the joint form of Hoffmann et al. 2022, arXiv:2203.15556, with a p-norm for its sum",
    linear=("E", "A"),
    nonlinear=("alpha", "beta", "p", "log_ratio"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    towards=towards_balance(_box),
    log_spaced=(True, True, True, False),
    inputs=("N", "D"),
    floor="E",
    derived={
        "B": lambda q, _: q[..., 1] * np.exp(q[..., 5]),
        "a": lambda q, _: allocation(q[..., 2], q[..., 3]),
        "gamma": lambda q, _: 1 / q[..., 4],
        "log_A": lambda q, _: np.log(q[..., 1]),
        "log_B": lambda q, _: np.log(q[..., 1]) + q[..., 5],
    },
)
