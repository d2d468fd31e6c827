"""Chinchilla's sum raised to a power, y = E + (A/N^α + B/D^β)^γ.

The linear coefficient is A^γ, the amplitude of the limit D → ∞, and B = A e^log_ratio. With terms 9 and 16:

>>> parameters = np.array([1.0, 90.0**0.5, 0.5, 0.25, 0.5, np.log(160.0 / 90.0)])
>>> float(np.exp(law.log_predict(np.array([[100.0, 1e4]]), parameters)[0]).round(12))
6.0
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._joint import allocation, log_p_norm, log_ratio_box, p_norm_slopes, towards_balance
from lawbook.laws.law import CONSTANT, Array, Law

_EXPONENTS = np.array([1e-2, 20.0])


def _terms(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    """Return the logarithms of the two terms over A, raised to γ, and p = 1/γ."""
    log_n, log_d = np.log(x.T)
    alpha, beta, gamma, log_ratio = theta.T[:, :, None]
    return -gamma * alpha * log_n, gamma * (log_ratio - beta * log_d), 1 / gamma


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    return CONSTANT, log_p_norm(*_terms(x, theta))


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_n, log_d = np.log(x.T)
    log_first, log_second, p = _terms(x, theta)
    gamma = 1 / p
    first, second, in_p = p_norm_slopes(log_first, log_second, p)
    in_gamma = (first * log_first + second * log_second) * p - in_p * p**2
    return {
        (1, 0): -gamma * first * log_n,
        (1, 1): -gamma * second * log_d,
        (1, 2): in_gamma,
        (1, 3): gamma * second,
    }


def _box(x: Array) -> Array:
    return np.array([_EXPONENTS, _EXPONENTS, [0.02, 1.5], log_ratio_box(x, _EXPONENTS, _EXPONENTS)])


law = Law(
    name="chinchilla_gamma",
    formula="y = E + (A/N^α + B/D^β)^γ, scale = A^γ, log_ratio = log(B/A)",
    source="Beck et al. 2025, xLSTM Scaling Laws (the parametric fit with γ)",
    linear=("E", "scale"),
    nonlinear=("alpha", "beta", "gamma", "log_ratio"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    towards=towards_balance(_box),
    log_spaced=(True, True, True, False),
    inputs=("N", "D"),
    floor="E",
    derived={
        "A": lambda q, _: np.exp(np.log(q[..., 1]) / q[..., 4]),
        "B": lambda q, _: np.exp(np.log(q[..., 1]) / q[..., 4] + q[..., 5]),
        "a": lambda q, _: allocation(q[..., 2], q[..., 3]),
        "log_A": lambda q, _: np.log(q[..., 1]) / q[..., 4],
        "log_B": lambda q, _: np.log(q[..., 1]) / q[..., 4] + q[..., 5],
    },
)
