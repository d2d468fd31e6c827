"""The broken neural scaling law with n breaks, y = a + b x^-c0 Π_i (1 + (x/d_i)^(1/f_i))^(-c_i f_i)."""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import CONSTANT, Array, Law
from lawbook.laws.linear import least_squares

_LEADING, _BEND = (-4.0, 8.0), (-12.0, 20.0)
"""Bounds of c0 and of c_i."""
_RIDGE = 1e-2
_SHARPEST = 0.1
"""Smallest width f of a break over the median spacing of log x."""


def _parts(theta: Array) -> tuple[Array, Array, Array]:
    """Return c_i, d_i, f_i of the breaks, (B, n_breaks, 1) each."""
    breaks = theta[:, 1:].reshape(len(theta), -1, 3)
    return breaks[:, :, :1], breaks[:, :, 1:2], breaks[:, :, 2:]


def _log_basis(x: Array, theta: Array) -> tuple[Array, Array]:
    log_x = np.log(x[:, 0])
    c, d, f = _parts(theta)
    bends = c * f * np.logaddexp(0.0, (log_x - np.log(d)) / f)
    return CONSTANT, -theta[:, :1] * log_x - bends.sum(axis=1)


def _slopes(x: Array, theta: Array) -> dict[tuple[int, int], Array]:
    log_x = np.log(x[:, 0])
    c, d, f = _parts(theta)
    z = (log_x - np.log(d)) / f
    soft = np.logaddexp(0.0, z)
    share = np.exp(z - soft)
    found: dict[tuple[int, int], Array] = {(1, 0): -log_x[None]}
    for k, slope in enumerate((-f * soft, c * share / d, -c * (soft - z * share))):
        for i in range(c.shape[1]):
            found[1, 1 + 3 * i + k] = slope[:, i]
    return found


def _towards(x: Array, log_y: Array, theta: Array) -> Array:
    """Return θ with the best c0 and c_i for its breaks: log(y - a) is linear in them.

    The start's own c0 only chooses a, from 0 to nearly the smallest y. A little of ridge keeps breaks apart
    that share their points.
    """
    log_x = np.log(x[:, 0])
    _, d, f = _parts(theta)
    low, high = _LEADING
    share = np.maximum((theta[:, :1] - low) / (high - low) / 0.75 - 1 / 3, 0.0) * (1 - 1e-6)
    rest = 1 - share * np.exp(log_y.min(axis=1, keepdims=True) - log_y)  # (y - a)/y
    bends = f * np.logaddexp(0.0, (log_x - np.log(d)) / f)
    flat = np.ones((len(theta), 1, len(x)))
    A = np.concatenate([flat, -log_x * flat, -bends], axis=1) * rest[:, None, :]
    # A sharp break beyond the points leaves no trace on them.
    size = np.maximum(np.linalg.norm(A, axis=2, keepdims=True), 1e-300)
    p = A.shape[1]
    ridge = np.broadcast_to(_RIDGE * np.eye(p), (len(theta), p, p))
    A = np.concatenate([A / size, ridge], axis=2)
    b = np.concatenate([(log_y + np.log(rest)) * rest, np.zeros((len(theta), p))], axis=1)
    c = least_squares(A, b) / size[:, :, 0]
    moved = theta.copy()
    moved[:, 0] = np.clip(c[:, 1], *_LEADING)
    moved[:, 1::3] = np.clip(c[:, 2:], *_BEND)
    return moved


def _box(x: Array, n_breaks: int) -> Array:
    distinct = np.unique(x[:, 0])
    gaps = np.diff(np.log(distinct))
    span = gaps.sum()
    beyond = np.exp(0.1 * span)
    # A break much narrower than the spacing of the points shows only that it is narrow: d and f would be free.
    narrowest = _SHARPEST * np.median(gaps)
    one = [
        [*_BEND],
        [distinct[0] / beyond, distinct[-1] * beyond],
        [narrowest, max(span / 2, 2 * narrowest)],
    ]
    return np.array([[*_LEADING], *(one * n_breaks)])


def broken(n_breaks: int) -> Law:
    """Return the law with n breaks, bnsl_N: linear (a, b), nonlinear (c0, then c_i, d_i, f_i per break).

    d_i is where the slope of log(y - a) changes by -c_i, over a width f_i in log x. Any order of the breaks
    is the same curve. Source: Caballero et al. 2023, arXiv:2210.14891, eq. 1.
    """
    labels = range(1, n_breaks + 1)
    bends = {0: "", 1: " (1 + (x/d1)^(1/f1))^(-c1 f1)"}
    return Law(
        name=f"bnsl_{n_breaks}",
        formula="y = a + b x^-c0"
        + bends.get(n_breaks, f" Π_(i ≤ {n_breaks}) (1 + (x/d_i)^(1/f_i))^(-c_i f_i)"),
        source="Caballero et al. 2023, arXiv:2210.14891, eq. 1",
        linear=("a", "b"),
        nonlinear=("c0", *(f"{name}{i}" for i in labels for name in "cdf")),
        exponent="c0",
        log_basis=_log_basis,
        slopes=_slopes,
        box=lambda x: _box(x, n_breaks),
        log_spaced=(False, *(False, True, True) * n_breaks),
        floor="a",
        breaks=tuple(f"d{i}" for i in labels),
        signed=(False, *(True, False, False) * n_breaks),
        towards=_towards if n_breaks else None,
    )
