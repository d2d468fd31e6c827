"""The critical batch size: the trade of steps against examples on the way to a stated loss, and that of branches.

S steps of batches of B examples reach the loss with E = B S examples. Where (S / S_min − 1)(E / E_min − 1) = 1, which
is S = S_min (1 + B_c / B), the batch B_c = E_min / S_min takes twice the fewest steps and twice the fewest examples.
Source: McCandlish et al. 2018, arXiv:1812.06162, equation 2.11.

Or a run goes on from some step with batches that are several times as large, at a rate that grows with them; the
critical batch size there is the largest after which the loss, after as many examples, is no more than a tolerance above
that of the run that goes on as it was. Source: Merrill et al. 2025, arXiv:2505.23971.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from lawbook.laws.law import Array


def steps_to(times: Array, losses: Array, level: float) -> Array:
    """Compute when losses (B, k) over rising times (k,) first come down to a level, between them in logs: (B,).

    Infinite where they never do, or are lost before; NaN where they lie below it from the first time.

    >>> steps_to(np.array([1.0, 10.0, 100.0]), np.array([[4.0, 2.0, 1.0], [4.0, 3.0, 2.5]]), 2.0).round(9)
    array([10., inf])
    """
    below = losses <= level
    first = np.argmax(below, axis=1)
    reached = below.any(axis=1)
    before = np.maximum(first - 1, 0)
    rows = np.arange(len(losses))
    with np.errstate(invalid="ignore", divide="ignore"):
        above, under = np.log(losses[rows, before] / level), np.log(losses[rows, first] / level)
        share = np.where(reached & (first > 0), above / (above - under), 0.0)
    logs = np.log(times)
    found = np.exp(logs[before] + share * (logs[first] - logs[before]))
    return np.where(reached, np.where(first > 0, found, np.nan), np.inf)


def trade_off(batch_sizes: ArrayLike, steps: ArrayLike) -> tuple[float, float]:
    """Fit S = S_min (1 + B_c / B) to steps by least squares in logs; returns S_min and B_c.

    NaN for fewer than three batch sizes with a finite number of steps.

    >>> s_min, critical = trade_off([1, 10, 100], [110, 20, 11])
    >>> round(s_min, 6), round(critical, 6)
    (10.0, 10.0)
    """
    sizes, counts = np.asarray(batch_sizes, dtype=float), np.asarray(steps, dtype=float)
    known = np.isfinite(counts)
    if known.sum() < 3:
        return np.nan, np.nan
    sizes, logs = sizes[known], np.log(counts[known])

    def residuals(parameters: Array) -> Array:
        return np.asarray(parameters[0] + np.log1p(np.exp(parameters[1]) / sizes) - logs)

    start = [logs.min(), float(np.log(np.sqrt(sizes[0] * sizes[-1])))]
    found = least_squares(residuals, start).x
    return float(np.exp(found[0])), float(np.exp(found[1]))


def largest_growth(growths: Array, rises: Array, tolerance: float) -> Array:
    """Compute the largest growth (k,), rising from 1, after which the rise of the loss (B, k) is a tolerance: (B,).

    Between the last growth that rises by no more and the next in their logs, the rise a straight line; infinite where
    that of the largest growth is no more.

    >>> largest_growth(np.array([1.0, 2.0, 8.0]), np.array([[0.0, 0.0, 0.02], [0.0, 0.02, 0.0]]), 0.01)
    array([ 4., inf])
    """
    within = rises <= tolerance
    last = len(growths) - 1 - np.argmax(within[:, ::-1], axis=1)
    following = np.minimum(last + 1, len(growths) - 1)
    rows, logs = np.arange(len(rises)), np.log(growths)
    lower, upper = rises[rows, last], rises[rows, following]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (tolerance - lower) / (upper - lower)
        found = np.exp(logs[last] + share * (logs[following] - logs[last]))
    return np.where(last < len(growths) - 1, found, np.inf)
