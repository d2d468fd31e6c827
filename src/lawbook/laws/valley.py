"""The bottom of a valley: the x at which y is least, between the places where y was measured."""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array

_NEAR, _DEGREE = 5, 3
"""Places about the lowest that a cubic is fitted to by least squares: a parabola is biased where a side is steeper."""


def bottom(x: Array, y: Array) -> Array:
    """Compute the x of the least y of each data set y (B, k), over rising x (k,), k ≥ 3: shape (B,).

    The minimum of the cubic through the five places about the lowest, or of the parabola where fewer of them are
    finite. NaN where the lowest place is at an end of x or beside one that is infinite, or where the polynomial has no
    minimum among its places.

    >>> x = np.linspace(-2, 2, 9)
    >>> bottom(x, np.stack([(x - 0.3) ** 2, np.where(x > 1.2, np.inf, (x - 0.3) ** 2), x])).round(9)
    array([0.3, 0.3, nan])
    """
    y = np.where(np.isnan(y), np.inf, y)
    lowest = np.argmin(y, axis=1)
    found = np.full(len(y), np.nan)
    inside = (lowest > 0) & (lowest < len(x) - 1)
    windows = {row: _window(y[row], int(lowest[row])) for row in np.flatnonzero(inside)}
    for start, stop in set(windows.values()):
        if stop - start >= 3:
            rows = [row for row, window in windows.items() if window == (start, stop)]
            found[rows] = _vertex(x[start:stop], y[rows, start:stop])
    return found


def _window(y: Array, lowest: int) -> tuple[int, int]:
    """Return the range of the places about the lowest that are finite without a gap; empty if a neighbour is not."""
    if not np.isfinite(y[lowest - 1 : lowest + 2]).all():
        return 0, 0
    span = min(_NEAR, len(y))
    start = int(np.clip(lowest - span // 2, 0, len(y) - span))
    stop = start + span
    gaps = [start + int(place) for place in np.flatnonzero(~np.isfinite(y[start:stop]))]
    before, after = [gap for gap in gaps if gap < lowest], [gap for gap in gaps if gap > lowest]
    return (before[-1] + 1 if before else start), (after[0] if after else stop)


def _vertex(x: Array, y: Array) -> Array:
    """Return where the polynomial through y (B, k) over x (k,) has its minimum, NaN if that is not among them: (B,)."""
    middle = x.mean()
    degree = _DEGREE if len(x) == _NEAR else 2
    coefficients = np.polynomial.polynomial.polyfit(x - middle, y.T, degree)
    c1, c2 = coefficients[1], coefficients[2]
    c3 = coefficients[3] if degree == _DEGREE else np.zeros_like(c1)
    with np.errstate(invalid="ignore", divide="ignore"):
        # The stationary point with a positive second derivative, in the form that a vanishing c3 leaves whole.
        place = middle - c1 / (c2 + np.sqrt(c2**2 - 3 * c1 * c3))
    return np.where((place >= x[0]) & (place <= x[-1]), place, np.nan)
