"""Akima's piecewise cubic interpolation, of many data sets over the same x at once.

Source: Akima 1970, Journal of the ACM 17:589.
"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array

_STRAIGHT = 1e-9


def cubics(x: Array, y: Array) -> Array:
    """Return the coefficients of each piece in powers 3, 2, 1, 0 of the distance from its left end.

    x: (k,), rising, k ≥ 2; y: (B, k); returns (4, B, k − 1).

    >>> cubics(np.array([0.0, 1, 2]), np.array([[0.0, 2, 4]]))[:, 0, 0]
    array([0., 0., 2., 0.])
    """
    h = np.diff(x)
    m = np.diff(y, axis=1) / h
    # Two slopes beyond each end, by the differences at that end.
    left = m[:, :1] - m[:, 1:2] if len(h) > 1 else np.zeros_like(m)
    right = m[:, -1:] - m[:, -2:-1] if len(h) > 1 else np.zeros_like(m)
    around = np.hstack([m[:, :1] + 2 * left, m[:, :1] + left, m, m[:, -1:] + right, m[:, -1:] + 2 * right])
    change = np.abs(np.diff(around, axis=1))
    before, after = change[:, :-2], change[:, 2:]
    total = before + after
    # On a straight line both changes vanish, and with them their ratio.
    straight = total <= _STRAIGHT * total.max(axis=1, keepdims=True)
    share = np.where(straight, 0.5, before / np.where(straight, 1.0, total))
    slope = (1 - share) * around[:, 1:-2] + share * around[:, 2:-1]
    first, second = slope[:, :-1], slope[:, 1:]
    return np.stack([(first + second - 2 * m) / h**2, (3 * m - 2 * first - second) / h, first, y[:, :-1]])


def interpolate(x: Array, y: Array, at: Array) -> Array:
    """Return the interpolant of y (B, k) over x (k,) at `at` (m,), within the range of x; returns (B, m).

    >>> interpolate(np.array([0.0, 1, 2, 3]), np.array([[0.0, 1, 0, 1]]), np.array([0.5, 2.0])).round(6)
    array([[0.75, 0.  ]])
    """
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    c3, c2, c1, c0 = cubics(x, y)[:, :, piece]
    distance = at - x[piece]
    return np.asarray(((c3 * distance + c2) * distance + c1) * distance + c0)
