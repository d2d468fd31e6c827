"""The exponential law without a floor, y = A e^(-k x).

>>> float(np.exp(law.log_predict(np.array([[2.0]]), np.array([3.0, 0.5]))[0]).round(6))
1.103638
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    return (-theta[:, :1] * x[:, 0],)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    return {(0, 0): -x[None, :, 0]}


def _box(x: Array) -> Array:
    return np.array([[-30.0, 30.0]]) / np.ptp(x[:, 0])


law = Law(
    name="exponential",
    formula="y = A e^(-k x)",
    source="Sorscher et al. 2022, arXiv:2206.14486, section 2 (Pareto-optimal pruning)",
    linear=("A",),
    nonlinear=("k",),
    exponent="k",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(False,),
    positive_x=False,
)
