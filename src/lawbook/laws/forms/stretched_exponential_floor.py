"""The stretched exponential with a floor, y = E + A e^(-(x/τ)^β).

>>> import numpy as np
>>> float(np.exp(law.log_predict(np.array([[16.0]]), np.array([1.0, 3.0, 4.0, 0.5]))[0]).round(12))
1.40600584971
"""

from __future__ import annotations

from lawbook.laws.forms.stretched_exponential import box, exponent, exponent_slopes
from lawbook.laws.law import CONSTANT, Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    return CONSTANT, -exponent(x, theta)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    in_tau, in_beta = exponent_slopes(x, theta)
    return {(1, 0): in_tau, (1, 1): in_beta}


law = Law(
    name="stretched_exponential_floor",
    formula="y = E + A e^(-(x/τ)^β)",
    source="Kohlrausch 1854, Annalen der Physik 167:56, with a floor",
    linear=("E", "A"),
    nonlinear=("tau", "beta"),
    exponent="beta",
    log_basis=_log_basis,
    slopes=_slopes,
    box=box,
    log_spaced=(True, True),
    floor="E",
    centred=False,
)
