"""At which value of a column half of the runs reach a level."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.special import log_expit
from scipy.stats import chi2

from lawbook.claims.quantities import Quantity
from lawbook.errors import LawbookError
from lawbook.laws.law import Array, Flags
from lawbook.results.derived import is_censored
from lawbook.results.reader import Results
from lawbook.storage.status import RunStatus

OPTIONS = {"along": "the column whose value is told, such as samples or a derived share"}


def critical_value(
    results: Results, runs: pd.DataFrame, column: str, *, along: str
) -> tuple[float, float, float, int] | tuple[float, float, float, int, str]:
    """Compute x₀ of P(reached | x) = 1 / (1 + exp(-k (x - x₀))), with its interval by the profile likelihood.

    The slope k has either sign. Where one value of x parts all runs that reach the level from all that do not, every
    x₀ between the two fits as well: the estimate is their middle, and the interval says how far beyond them x₀ may lie.
    A run of which nothing is known makes the estimate NaN. Raises LawbookError for a column that is no number.

    Source: McCullagh and Nelder 1989, Generalized linear models, sections 4.3 and 4.4.4.
    """
    if along not in runs or not pd.api.types.is_numeric_dtype(runs[along]):
        raise LawbookError(f"along = {along!r} is no column of numbers of the runs; name another")
    reached = runs[column].notna().to_numpy(dtype=bool)
    unknown = (
        ~reached & ~is_censored(runs, column) & (runs["status"] != RunStatus.DIVERGED).to_numpy(dtype=bool)
    )
    x, n = runs[along].to_numpy(dtype=float), len(runs)
    if unknown.any() or reached.all() or not reached.any():
        return np.nan, np.nan, np.nan, n, "all runs reach the level, or none does"
    return *midpoint(x, reached), n


def midpoint(x: Array, reached: Flags) -> tuple[float, float, float]:
    """Return x₀ and the ends of its 95 % interval, for values x (n,) and whether each reached the level (n,).

    An end beyond the values of x is infinite: the runs do not bound x₀ there.
    """
    low, high = float(x.min()), float(x.max())
    signs, scale = np.where(reached, 1.0, -1.0), (high - low) or 1.0

    def deviance(at: float) -> float:
        """Return -2 log of the likelihood at x₀ and its best slope; it is convex in the slope, so unimodal in u."""

        def at_slope(u: float) -> float:
            return float(-2.0 * log_expit(signs * np.sinh(u) * (x - at) / scale).sum())

        return float(minimize_scalar(at_slope, bounds=(-10.0, 10.0), method="bounded").fun)

    grid = np.linspace(low, high, 201)
    found = np.array([deviance(at) for at in grid])
    best = np.flatnonzero(found <= found.min() + 1e-6)
    estimate, least = float(grid[best[[0, -1]]].mean()), float(found.min())
    if len(best) == 1:
        around = (grid[max(0, best[0] - 1)], grid[min(len(grid) - 1, best[0] + 1)])
        polished = minimize_scalar(deviance, bounds=around, method="bounded")
        estimate, least = float(polished.x), float(polished.fun)
    limit = least + float(chi2.ppf(0.95, 1))
    inside, ends = np.flatnonzero(found <= limit), []
    for place, step, beyond in ((inside[0], -1, -np.inf), (inside[-1], 1, np.inf)):
        if 0 <= place + step < len(grid):
            a, b = float(grid[place]), float(grid[place + step])
            ends.append(float(brentq(lambda at: deviance(at) - limit, a, b, xtol=1e-6 * scale)))
        else:
            ends.append(beyond)
    return estimate, ends[0], ends[1]


quantity = Quantity(critical_value, of_column=True, of_crossing=True, options=OPTIONS, needed=("along",))
