"""Where along a column half of the runs reach a level: the midpoint of a logistic in the logarithm of that column."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_expit
from scipy.stats import chi2

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.law import Array, Flags
from lawbook.results.reader import Results

OPTIONS = {
    "x": "the column along which the share of runs rises, such as width",
    "until": "the last value of the column that counts as reached; by default any",
}
_STEEPEST = 6.0
"""Largest logarithm of the slope: beyond it a logistic is a step for any x that runs have."""


def half_reaching(
    results: Results, runs: pd.DataFrame, column: str, *, x: str, until: float | None = None
) -> tuple[float, float, float, int, str]:
    """Compute the m of P(reached) = 1 / (1 + (x/m)^-s), s > 0, of largest likelihood, with its profile interval.

    A run has reached the level where the derived column has a value, at most `until`. The interval is that of the m
    whose best likelihood is within χ²/2 of the largest, runs counted as independent. Undecided where all runs, or none,
    have reached it. Raises LawbookError for a column x that the runs lack, or that is not positive.
    """
    if x not in runs or not (runs[x] > 0).all():
        raise LawbookError(f"x = {x!r} is no column of positive numbers; name one, such as width")
    value, n = runs[column].to_numpy(dtype=float), len(runs)
    reached = ~np.isnan(value) if until is None else value <= until
    places = np.log(runs[x].to_numpy(dtype=float))
    if reached.all() or not reached.any():
        return math.nan, math.nan, math.nan, n, f"{'all' if reached.any() else 'no'} runs reach the level"
    reach = (places.min() - 2.0, places.max() + 2.0)
    best = minimize_scalar(
        lambda m: _lost(m, places, reached), bounds=reach, options={"xatol": 1e-6}, method="bounded"
    )
    limit = best.fun + float(chi2.ppf(0.95, 1)) / 2

    def beyond(m: float) -> float:
        return _lost(m, places, reached) - limit

    if beyond(reach[0]) < 0 or beyond(reach[1]) < 0:
        return (
            math.exp(best.x),
            math.nan,
            math.nan,
            n,
            "the share of runs does not fix where it crosses one half",
        )
    ends = (brentq(beyond, reach[0], best.x), brentq(beyond, best.x, reach[1]))
    return math.exp(best.x), math.exp(ends[0]), math.exp(ends[1]), n, ""


def _lost(m: float, places: Array, reached: Flags) -> float:
    """Return the least -log likelihood over slopes of a logistic with the midpoint m, in the logarithm of x."""
    signed = np.where(reached, places - m, m - places)

    def lost(log_slope: float) -> float:
        return -float(log_expit(np.exp(log_slope) * signed).sum())

    found = minimize_scalar(lost, bounds=(-_STEEPEST, _STEEPEST), options={"xatol": 1e-6}, method="bounded")
    return float(found.fun)


quantity = Quantity(half_reaching, of_column=True, of_crossing=True, options=OPTIONS, needed=("x",))
