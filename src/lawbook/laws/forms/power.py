"""The power law without a floor, y = A x^-α.

>>> float(np.exp(law.log_predict(np.array([[100.0]]), np.array([3.0, 0.5]))[0]).round(12))
0.3
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    return (-theta[:, :1] * np.log(x[:, 0]),)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    return {(0, 0): -np.log(x[None, :, 0])}


def _box(x: Array) -> Array:
    return np.array([[-8.0, 8.0]])


law = Law(
    name="power",
    formula="y = A x^-α",
    source="Hestness et al. 2017, arXiv:1712.00409; Kaplan et al. 2020, arXiv:2001.08361, eq. 1.1",
    linear=("A",),
    nonlinear=("alpha",),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(False,),
)
