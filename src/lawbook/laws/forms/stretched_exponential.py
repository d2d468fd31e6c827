"""The stretched exponential without a floor, y = A e^(-(x/τ)^β).

>>> float(np.exp(law.log_predict(np.array([[16.0]]), np.array([3.0, 4.0, 0.5]))[0]).round(12))
0.40600584971
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law


def exponent(x: Array, theta: Array) -> Array:
    """Return (x/τ)^β, (B, n), of θ = (τ, β)."""
    return np.asarray(np.exp(theta[:, 1:] * (np.log(x[:, 0]) - np.log(theta[:, :1]))))


def exponent_slopes(x: Array, theta: Array) -> tuple[Array, Array]:
    """Return the derivatives of -(x/τ)^β in τ and β, (B, n) each."""
    power = exponent(x, theta)
    tau, beta = theta[:, :1], theta[:, 1:]
    return beta / tau * power, -power * (np.log(x[:, 0]) - np.log(tau))


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    return (-exponent(x, theta),)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    in_tau, in_beta = exponent_slopes(x, theta)
    return {(0, 0): in_tau, (0, 1): in_beta}


def box(x: Array) -> Array:
    """Return the bounds of (τ, β): τ may lie well below the data, where the law is nearly a power."""
    return np.array([[1e-4 * x[:, 0].min(), 1e3 * x[:, 0].max()], [0.02, 5.0]])


law = Law(
    name="stretched_exponential",
    formula="y = A e^(-(x/τ)^β)",
    source="Kohlrausch 1854, Annalen der Physik 167:56",
    linear=("A",),
    nonlinear=("tau", "beta"),
    exponent="beta",
    log_basis=_log_basis,
    slopes=_slopes,
    box=box,
    log_spaced=(True, True),
)
