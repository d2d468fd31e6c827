"""The over-training law, Chinchilla's with one exponent for N and D, y = E + A/N^α + B/D^α.

In compute C = 6 N D and tokens per parameter M = D/N it is E + (a M^η + b M^-η) C^-η with η = α/2, a = A 6^η
and b = B 6^η. The published fit on C4 gives A and b:

>>> N, M, eta = 1.4e9, 20.0, 0.1364255
>>> C, a, b = 6 * N * N * M, 166.211 * 6**eta, 366.687
>>> round(1.836648 + (a * M**eta + b * M**-eta) * C**-eta, 9)
2.772843184
>>> parameters = np.array([1.836648, 166.211, 366.687 * 6**-eta, 2 * eta])
>>> float(np.exp(law.log_predict(np.array([[N, N * M]]), parameters)[0]).round(9))
2.772843184
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import CONSTANT, Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array, Array]:
    log_n, log_d = np.log(x.T)
    return CONSTANT, -theta * log_n, -theta * log_d


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_n, log_d = np.log(x.T)[:, None]
    return {(1, 0): -log_n, (2, 0): -log_d}


def _box(x: Array) -> Array:
    return np.array([[1e-3, 4.0]])


law = Law(
    name="over_training",
    formula="y = E + A/N^α + B/D^α",
    source="Gadre et al. 2024, arXiv:2403.08540 (there in C and M = D/N, with η = α/2)",
    linear=("E", "A", "B"),
    nonlinear=("alpha",),
    exponent="alpha",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True,),
    inputs=("N", "D"),
    floor="E",
    derived={
        "eta": lambda p, _: p[..., 3] / 2,
        "log_A": lambda p, _: np.log(p[..., 1]),
        "log_B": lambda p, _: np.log(p[..., 2]),
    },
)
