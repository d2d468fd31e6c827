"""Kaplan's law, y = ((N_c/N)^(α_N/α_D) + D_c/D)^α_D.

It is the p-norm, p = 1/α_D, of its limits A/N^α_N and B/D^α_D, A = N_c^α_N and B = D_c^α_D = A e^log_ratio.
With N_c/N = 1/16, D_c/D = 1/4, α_N = 1/4 and α_D = 1/2 it is (1/4 + 1/4)^(1/2):

>>> parameters = np.array([10.0**0.25, 0.25, 0.5, np.log(20.0**0.5 / 10.0**0.25)])
>>> float(np.exp(law.log_predict(np.array([[160.0, 80.0]]), parameters)[0]).round(12))
0.707106781187
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._joint import balanced, log_p_norm, log_ratio_box, p_norm_slopes
from lawbook.laws.law import Array, Law

_EXPONENTS = np.array([5e-3, 2.0])


def _terms(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    """Return the logarithms of the two limits over A, and p."""
    log_n, log_d = np.log(x.T)
    alpha_n, alpha_d, log_ratio = theta.T[:, :, None]
    return -alpha_n * log_n, log_ratio - alpha_d * log_d, 1 / alpha_d


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    return (log_p_norm(*_terms(x, theta)),)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_n, log_d = np.log(x.T)
    log_first, log_second, p = _terms(x, theta)
    first, second, in_p = p_norm_slopes(log_first, log_second, p)
    return {(0, 0): -first * log_n, (0, 1): -second * log_d - in_p * p**2, (0, 2): second}


def _towards(x: Array, log_y: Array, theta: Array) -> Array:
    moved = theta.copy()
    moved[:, 2] = balanced(x, theta[:, 0], theta[:, 1], theta[:, 2], _box(x)[2])
    return moved


def _box(x: Array) -> Array:
    return np.array([_EXPONENTS, _EXPONENTS, log_ratio_box(x, _EXPONENTS, _EXPONENTS)])


law = Law(
    name="kaplan",
    formula="y = ((N_c/N)^(α_N/α_D) + D_c/D)^α_D, A = N_c^α_N, log_ratio = log(D_c^α_D/A)",
    source="Kaplan et al. 2020, arXiv:2001.08361, eq. 1.5",
    linear=("A",),
    nonlinear=("alpha_N", "alpha_D", "log_ratio"),
    exponent="alpha_N",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    towards=_towards,
    log_spaced=(True, True, False),
    inputs=("N", "D"),
    derived={
        "N_c": lambda q, _: np.exp(np.log(q[..., 0]) / q[..., 1]),
        "D_c": lambda q, _: np.exp((np.log(q[..., 0]) + q[..., 3]) / q[..., 2]),
    },
)
