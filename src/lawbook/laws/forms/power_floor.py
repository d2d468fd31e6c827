"""The power law with a floor, y = E + A x^-α.

>>> float(np.exp(law.log_predict(np.array([[100.0]]), np.array([1.0, 3.0, 0.5]))[0]).round(12))
1.3
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import CONSTANT, Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    return CONSTANT, -theta[:, :1] * np.log(x[:, 0])


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    return {(1, 0): -np.log(x[None, :, 0])}


def _box(x: Array) -> Array:
    # Near α = 0 the two terms are one: the lower bound keeps them apart.
    return np.array([[1e-3, 8.0]])


law = Law(
    name="power_floor",
    formula="y = E + A x^-α",
    source="Hestness et al. 2017, arXiv:1712.00409; Henighan et al. 2020, arXiv:2010.14701, eq. 1.1",
    linear=("E", "A"),
    nonlinear=("alpha",),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True,),
    floor="E",
)
