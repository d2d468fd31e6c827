"""The exponential law with a floor, y = E + A e^(-k x).

>>> float(np.exp(law.log_predict(np.array([[2.0]]), np.array([1.0, 3.0, 0.5]))[0]).round(6))
2.103638
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import CONSTANT, Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    return CONSTANT, -theta[:, :1] * x[:, 0]


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    return {(1, 0): -x[None, :, 0]}


def _box(x: Array) -> Array:
    distinct = np.unique(x[:, 0])
    # Beyond the upper bound only the smallest x lies above the floor, or e^(k x) leaves float64.
    fastest = 30.0 / (distinct[1] - distinct[0])
    return np.array([[1e-3 / np.ptp(distinct), min(fastest, 600.0 / max(distinct[0], 600.0 / fastest))]])


law = Law(
    name="exponential_floor",
    formula="y = E + A e^(-k x)",
    source="Sorscher et al. 2022, arXiv:2206.14486, section 2 (Pareto-optimal pruning), with a floor",
    linear=("E", "A"),
    nonlinear=("k",),
    exponent="k",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True,),
    floor="E",
    positive_x=False,
)
