"""A straight line through times that are known only to lie between two looks, or after the last one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.special import log_ndtr

from lawbook.errors import LawbookError
from lawbook.laws.law import Array


class CensoredLine(NamedTuple):
    """log t = intercept + slope · log x + σ · standard normal, with the numbers of seen and of censored times."""

    intercept: float
    slope: float
    sigma: float
    n_seen: int
    n_censored: int


def censored_line(x: ArrayLike, low: ArrayLike, high: ArrayLike) -> CensoredLine:
    """Fit log t = a + b log x + ε, ε ~ N(0, σ²), by maximum likelihood to times with low < t ≤ high.

    x, low, high: (n,), all positive; high is infinite where t was not reached by the last look, `low` (right-censored).
    low may be 0. Raises LawbookError with fewer than three times seen, or all at one x.
    Source: Turnbull 1976, Journal of the Royal Statistical Society B 38:290 (interval-censored likelihood).

    >>> x = np.geomspace(0.01, 1, 20)
    >>> found = censored_line(x, 0.99 * 5 / x, np.where(5 / x < 200, 1.01 * 5 / x, np.inf))
    >>> round(found.slope, 2), found.n_seen
    (-1.0, 16)
    """
    log_x, first, last = np.log(np.asarray(x, dtype=float)), np.asarray(low, float), np.asarray(high, float)
    seen = np.isfinite(last)
    if seen.sum() < 3 or np.ptp(log_x[seen]) == 0:
        raise LawbookError(
            f"a line needs three times at several x, and {int(seen.sum())} were seen; train for longer"
        )
    with np.errstate(divide="ignore"):
        start, end = np.log(first), np.log(last)
    middle = np.where(np.isfinite(start[seen]), (start[seen] + end[seen]) / 2, end[seen])
    b, a = np.polyfit(log_x[seen], middle, 1)
    # The looks bound how finely a time is known, so σ is not let vanish beside their spacing.
    least = np.log(1e-2)

    def minus_log_likelihood(q: Array) -> float:
        sigma = np.exp(q[2])
        z_low, z_high = ((edge - q[0] - q[1] * log_x) / sigma for edge in (start, end))
        # log(Φ(high) - Φ(low)) from the side where neither is near 1.
        flip = z_low > 0
        upper, lower = np.where(flip, -z_low, z_high), np.where(flip, -z_high, z_low)
        log_upper, log_lower = log_ndtr(upper), log_ndtr(lower)
        inside = log_upper + np.log(-np.expm1(np.minimum(log_lower - log_upper, -1e-12)))
        return -float(inside.sum())

    # A likelihood that is smooth but steep: two passes of a method without derivatives, the second from the first.
    best = np.array([a, b, np.log(0.3)])
    for _ in range(2):
        found = minimize(
            minus_log_likelihood, best, method="Nelder-Mead", bounds=[(None, None), (None, None), (least, 2.0)],
            options={"xatol": 1e-6, "fatol": 1e-9, "maxiter": 4000},
        )  # fmt: skip
        best = found.x
    return CensoredLine(
        float(best[0]), float(best[1]), float(np.exp(best[2])), int(seen.sum()), int((~seen).sum())
    )
