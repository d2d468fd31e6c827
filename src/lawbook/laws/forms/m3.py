"""M3, a power law that levels off, y = β (1/x + γ)^c.

>>> float(np.exp(law.log_predict(np.array([[100.0]]), np.array([3.0, 0.5, 0.03]))[0]).round(12))
0.6
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    return (theta[:, :1] * np.log(1 / x[:, 0] + theta[:, 1:]),)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    inside = 1 / x[:, 0] + theta[:, 1:]
    return {(0, 0): np.log(inside), (0, 1): theta[:, :1] / inside}


def _box(x: Array) -> Array:
    # At the lower bound of γ the law is a pure power on the data, at the upper one it is flat.
    return np.array([[1e-3, 8.0], [1e-9 / x[:, 0].max(), 1e2 / x[:, 0].min()]])


law = Law(
    name="m3",
    formula="y = β (1/x + γ)^c",
    source="Alabdulmohsin et al. 2022, arXiv:2209.06640, M3",
    linear=("beta",),
    nonlinear=("c", "gamma"),
    exponent="c",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True, True),
    derived={"err_inf": lambda p, _: p[..., 0] * p[..., 2] ** p[..., 1]},
)
