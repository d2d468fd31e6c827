"""The exponent of a power law between optima: weighted least squares of log y on log x."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from lawbook.errors import LawbookError
from lawbook.laws.law import Array
from lawbook.laws.uncertainty import Estimate

_FEW_DRAWS = 20


def exponent(x: ArrayLike, y: ArrayLike, spread: ArrayLike | None = None, *, level: float = 0.95) -> Estimate:
    """Return b of y = G x^b by weighted least squares of log y on log x, with Student's t interval.

    x, y: (n,) and positive; y that is NaN is left out. `spread` (n,) is the standard deviation of each log y,
    up to one common factor: the weights are 1/spread². Fewer than 3 points leave the interval NaN, fewer
    than 2 the value too. Raises LawbookError for an x, y or spread that is not positive.
    Source: Porian et al. 2024, arXiv:2406.19146, section 3.

    >>> exponent([1, 10, 100], [2, 20, 200]).value.__round__(12)
    1.0
    """
    xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    width = np.ones_like(ys) if spread is None else np.asarray(spread, dtype=float)
    for name, values in (("x", xs), ("y", ys), ("spread", width)):
        if (values <= 0).any():
            raise LawbookError(f"{name} must be > 0 to have an exponent; got {values[values <= 0][0]:g}")
    seen = np.isfinite(xs) & np.isfinite(ys) & np.isfinite(width)
    log_x, log_y, weights = np.log(xs[seen]), np.log(ys[seen]), width[seen] ** -2.0
    value = float(log_slopes(log_x, log_y, weights))
    if seen.sum() < 3:
        return Estimate(value, np.nan, np.nan, "none")
    df = int(seen.sum()) - 2
    u, v = (z - np.average(z, weights=weights) for z in (log_x, log_y))
    variance = float(np.sum(weights * (v - value * u) ** 2) / df / np.sum(weights * u**2))
    half = float(stdtrit(df, (1 + level) / 2) * np.sqrt(variance))
    return Estimate(value, value - half, value + half, "residual_t")


def log_slopes(log_x: Array, log_y: Array, weights: Array) -> Array:
    """Return the weighted slope of log y on log x of each data set, NaN where fewer than 2 points are left.

    log_x, weights: (n,); log_y: (..., n), where NaN marks a point that this data set lacks; returns (...).
    """
    seen = np.isfinite(log_y)
    w = np.where(seen, weights, 0.0)
    y = np.where(seen, log_y, 0.0)
    total = np.maximum(w.sum(axis=-1, keepdims=True), np.finfo(float).tiny)
    u = log_x - np.sum(w * log_x, axis=-1, keepdims=True) / total
    down = np.sum(w * u**2, axis=-1)
    slope = np.sum(w * u * y, axis=-1) / np.where(down > 0, down, 1.0)
    return np.asarray(np.where((seen.sum(axis=-1) >= 2) & (down > 0), slope, np.nan))


def exponent_of_draws(
    log_x: Array, log_y: Array, draws: Array, spread: Array, levels: tuple[float, float], method: str
) -> Estimate:
    """Return the exponent of log y (n,) and its percentile interval over draws of log y, (B, n).

    `spread` (n,) as in `exponent`; where it is NaN for all, the weights are equal.
    """
    weights = spread**-2.0 if np.isfinite(spread).any() else np.ones_like(spread)
    usable = np.isfinite(log_y) & np.isfinite(weights)
    log_x, log_y, weights = log_x[usable], log_y[usable], weights[usable]
    value = float(log_slopes(log_x, log_y, weights))
    slopes = log_slopes(log_x, draws[:, usable], weights)
    slopes = slopes[np.isfinite(slopes)]
    if len(slopes) < _FEW_DRAWS:
        return Estimate(value, np.nan, np.nan, "none")
    low, high = np.quantile(slopes, levels)
    return Estimate(value, float(low), float(high), method)
