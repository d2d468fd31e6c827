"""The logarithmic law, y = B log(X/x) = A - B log x, which ends at x = X.

>>> float(np.exp(law.log_predict(np.array([[np.e]]), np.array([2.0, np.exp(4.0)]))[0]).round(12))
6.0
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Law


def _decline(x: Array, theta: Array) -> Array:
    """Return log(X/x), (B, n), NaN from X on."""
    left = np.log(theta) - np.log(x[:, 0])
    return np.asarray(np.where(left > 0, left, np.nan))


def _log_basis(x: Array, theta: Array) -> tuple[Array]:
    return (np.log(_decline(x, theta)),)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    return {(0, 0): 1 / (theta * _decline(x, theta))}


def _box(x: Array) -> Array:
    # At the upper end y falls by a hundredth over a factor of ten in x.
    return np.array([[1 + 1e-9, 1e100]]) * float(x[:, 0].max())


law = Law(
    name="logarithmic",
    formula="y = B log(X/x)",
    source="Viering & Loog 2023, arXiv:2103.10948 (parametric learning curves: the logarithmic model)",
    linear=("B",),
    nonlinear=("X",),
    exponent="X",
    log_basis=_log_basis,
    slopes=_slopes,
    box=_box,
    log_spaced=(True,),
    derived={"A": lambda p, _: p[..., 0] * np.log(p[..., 1])},
)
