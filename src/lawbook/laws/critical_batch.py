"""The critical batch size: the trade of steps against examples on the way to a stated loss.

S steps of batches of B examples reach the loss with E = B S examples. Where (S / S_min − 1)(E / E_min − 1) = 1, which
is S = S_min (1 + B_c / B), the batch B_c = E_min / S_min takes twice the fewest steps and twice the fewest examples.
Source: McCandlish et al. 2018, arXiv:1812.06162, equation 2.11.
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
