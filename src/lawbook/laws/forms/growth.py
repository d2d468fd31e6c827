"""A power law that rises, y = A x^γ: for counts, of learned tasks for example.

>>> float(np.exp(law.log_predict(np.array([[100.0]]), np.array([3.0, 0.5]))[0]).round(12))
30.0
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    return (theta[:, :1] * np.log(x[:, 0]),)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    return {(0, 0): np.log(x[None, :, 0])}


def _box(x: Array) -> Array:
    return np.array([[-8.0, 8.0]])


law = Law(
    name="growth",
    formula="y = A x^γ",
    source="Michaud et al. 2023, arXiv:2303.13506, figure 9 (tasks learned against data)",
    linear=("A",),
    nonlinear=("gamma",),
    exponent="gamma",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(False,),
)
