"""The spread of single runs around a law, and whether it depends on the level of y."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import erfc

from lawbook.laws.cells import squared_gram
from lawbook.laws.law import Array, Flags
from lawbook.laws.points import Points

_STEPS = 50
_STEEPEST = 8.0
"""Largest change of the log variance per unit of log ŷ that is followed."""
_DEPENDS = 0.05
_NOTICED = 0.01


@dataclass(frozen=True)
class Spread:
    """log sd of one run's log y = intercept + slope · (log ŷ − centre), with `df` degrees of freedom.

    `p` is that of a slope so far from 0 by chance (NaN where two levels are not there to compare); the slope is
    taken as 0 unless p < 0.05.
    """

    intercept: float
    slope: float
    centre: float
    p: float
    df: float

    @property
    def heteroscedastic(self) -> bool:
        """Say whether the dependence on the level deserves a warning."""
        return bool(self.p < _NOTICED)

    def at(self, log_y: Array) -> Array:
        """Return the standard deviation of one run's log y where the law is at log_y."""
        return np.asarray(np.exp(self.intercept + self.slope * (log_y - self.centre)))


def spread_of(points: Points, log_fit: Array, residuals: Array, p: int, repeats: bool) -> Spread:
    """Return the spread of single runs, from the seeds' spread at each point or, without repeats, the residuals.

    log_fit, residuals: (n,), of a law with p parameters.
    """
    n, counts = len(residuals), points.runs_per_point
    seen = ~points.data().censored[0]
    if repeats:
        m, variances = points.clusters_per_point, points.variances
        squares, freedom = variances * counts, m - 1.0
        df = _degrees(points, seen & (m > 1) & (variances > 0))
    else:
        squares, freedom = residuals**2 * counts * n / (n - p), np.full(n, (n - p) / n)
        df = float(n - p)
    chosen = seen & (freedom > 0)
    return variance_model(squares[chosen], freedom[chosen], log_fit[chosen], df)


def variance_model(squares: Array, freedom: Array, log_y: Array, df: float) -> Spread:
    """Return the fit of log variance = 2 (a + b log y) to mean squares with `freedom` degrees each, all (n,).

    By maximum likelihood of gamma distributed mean squares. The test is the score test of Breusch and Pagan
    (1979, Econometrica 47:1287), divided by the dispersion of the squares where that is larger than a normal
    distribution's (Koenker 1981, Journal of Econometrics 17:107).
    """
    if not np.sum(freedom * squares) > 0:
        return Spread(-np.inf, 0.0, 0.0, np.nan, max(df, 1.0))
    pooled = float(np.average(squares, weights=freedom))
    centre = float(np.average(log_y, weights=freedom))
    z, weight = log_y - centre, freedom / 2
    level = float(np.sum(weight * z**2))
    if not level > 1e-12:
        return Spread(0.5 * float(np.log(pooled)), 0.0, centre, np.nan, df)
    score = float(np.sum(weight * (squares / pooled - 1) * z)) ** 2 / level
    a, b = float(np.log(pooled)), 0.0
    for _ in range(_STEPS):
        excess = squares / np.exp(a + b * z) - 1
        change = float(np.sum(weight * excess * z)) / level
        a += min(float(np.average(excess, weights=freedom)), 1.0)
        b = float(np.clip(b + np.clip(change, -1.0, 1.0), -_STEEPEST, _STEEPEST))
        if abs(change) < 1e-10:
            break
    dispersion = max(1.0, float(np.mean(weight * excess**2)))
    chance = float(erfc(np.sqrt(score / dispersion / 2)))
    if not chance < _DEPENDS:
        a, b = float(np.log(pooled)), 0.0
    return Spread(a / 2, b / 2, centre, chance, df)


def _degrees(points: Points, chosen: Flags) -> float:
    """Return the degrees of freedom of the pooled variance at the chosen points (n,), whose clusters show a spread.

    (C − 1) tr(S)²/tr(S²), S the correlations between the points (Box 1954, Annals of Mathematical Statistics 25:290,
    theorem 3.1), tr(S²) freed of its bias.
    """
    C, n = points.n_clusters, int(chosen.sum())
    if n == 0:
        return 1.0
    cells, kept = points.cells.keep(chosen)
    size = np.sqrt(points.variances)[points.cells.point[kept]]
    squared, free = squared_gram(cells.table(points.deviations[kept] / size)), C - 1
    if free > 1:
        squared = free**2 / ((free - 1) * (free + 2)) * (squared - n**2 / free)
    return float(free * (min(max(n**2 / squared, 1.0), n) if squared > 0 else n))
