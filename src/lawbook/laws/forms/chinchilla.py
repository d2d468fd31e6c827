"""The Chinchilla law, y = E + A/N^α + B/D^β.

>>> x = np.array([[1e9, 2e10]])
>>> float(np.exp(law.log_predict(x, np.array([1.8172, 482.01, 2085.43, 0.3478, 0.3658]))[0]).round(4))
2.5301
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.forms._joint import allocation
from lawbook.laws.law import CONSTANT, Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    log_n, log_d = np.log(x.T)
    return CONSTANT, -theta[:, :1] * log_n, -theta[:, 1:] * log_d


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_n, log_d = np.log(x.T)[:, None]
    return {(1, 0): -log_n, (2, 1): -log_d}


def _box(x: Array) -> Array:
    return np.array([[1e-3, 4.0], [1e-3, 4.0]])


law = Law(
    name="chinchilla",
    formula="y = E + A/N^α + B/D^β",
    source="Hoffmann et al. 2022, arXiv:2203.15556, eq. 2; Besiroglu et al. 2024, arXiv:2404.10102",
    linear=("E", "A", "B"),
    nonlinear=("alpha", "beta"),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True, True),
    inputs=("N", "D"),
    floor="E",
    derived={
        "a": lambda p, _: allocation(p[..., 3], p[..., 4]),
        "log_A": lambda p, _: np.log(p[..., 1]),
        "log_B": lambda p, _: np.log(p[..., 2]),
        "L_N": lambda p, centre: p[..., 1] * centre[0] ** -p[..., 3],
        "L_D": lambda p, centre: p[..., 2] * centre[1] ** -p[..., 4],
    },
)
