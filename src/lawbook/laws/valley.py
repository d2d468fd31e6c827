"""The bottom of a valley: the x at which y is least, between the places where y was measured."""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array

_NEAR, _DEGREE = 5, 3
"""Places about the lowest that a cubic is fitted to by least squares: a parabola is biased where a side is steeper."""


def bottom(x: Array, y: Array) -> Array:
    """Compute the x of the least y of each data set y (B, k), over rising x (k,), k ≥ 3: shape (B,).

    The minimum of the cubic through the five places about the lowest, or of the parabola where there are three or four.
    NaN where the lowest place is at an end of x, where a place about it is infinite, or the polynomial has no minimum
    among them.

    >>> x = np.linspace(-2, 2, 9)
    >>> bottom(x, np.stack([(x - 0.3) ** 2, x])).round(9)
    array([0.3, nan])
    """
    lowest = np.argmin(np.where(np.isnan(y), np.inf, y), axis=1)
    span = min(_NEAR, len(x))
    start = np.clip(lowest - span // 2, 0, len(x) - span)
    take = start[:, None] + np.arange(span)
    near = np.take_along_axis(y, take, axis=1)
    usable = (lowest > 0) & (lowest < len(x) - 1) & np.isfinite(near).all(axis=1)
    found = np.full(len(y), np.nan)
    for begin in np.unique(start[usable]):
        rows = usable & (start == begin)
        at = x[begin : begin + span]
        middle = at.mean()
        degree = _DEGREE if span == _NEAR else 2
        coefficients = np.polynomial.polynomial.polyfit(at - middle, near[rows].T, degree)
        c1, c2 = coefficients[1], coefficients[2]
        c3 = coefficients[3] if degree == _DEGREE else np.zeros_like(c1)
        with np.errstate(invalid="ignore", divide="ignore"):
            # The stationary point with a positive second derivative, in the form that a vanishing c3 leaves whole.
            place = -c1 / (c2 + np.sqrt(c2**2 - 3 * c1 * c3))
        place = np.where((place >= at[0] - middle) & (place <= at[-1] - middle), place + middle, np.nan)
        found[rows] = place
    return found
