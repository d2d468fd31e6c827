"""Uncertainty over seeds: whole clusters are resampled, since a seed crosses all x and ties its runs.

From 8 clusters on: multinomial cluster bootstrap with BCa intervals (Efron 1987), their normal quantiles
expanded to Student's t with C − 1 degrees and √(C/(C−1)) (Hesterberg 2015, The American Statistician 69:371,
section 4.1). Below 8: a wild cluster bootstrap whose multipliers make every linear statistic exactly
Student's t with C − 1 degrees. Without repeats: residual noise with t multipliers at n − p degrees.

Percentiles of refits fall short where a floor is near its bound 0. Floors and nonlinear parameters of a fit by
log least squares therefore have profile intervals instead (`profile`, on the `evidence_of` the same noise).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from lawbook.laws.evidence import Evidence
from lawbook.laws.law import Array, Law
from lawbook.laws.loss import Loss
from lawbook.laws.points import Points
from lawbook.laws.solver import Data

FEW_CLUSTERS = 8
_ONE_SIGMA = (0.158655, 0.841345)
_MANY_ROWS = 30
"""From this many clusters on, resampling them is sound although each has only some of the x."""
_WIDEST = 25.0
"""Cap on a t multiplier, far beyond any quantile that is read: keeps Cauchy tails finite (2 clusters)."""


def resampling(points: Points) -> str:
    """Name the method that these points allow: 'bca', 'wild_t' or 'residual_t'."""
    C = points.n_clusters
    crossed = repeated(points)
    if C >= _MANY_ROWS or ((crossed or nested(points)) and C >= FEW_CLUSTERS):
        return "bca"
    return "wild_t" if crossed else "residual_t"


def nested(points: Points) -> bool:
    """Say whether clusters have several points each but no point has several clusters: a run's checkpoints."""
    return not repeated(points) and bool((points.mass > 0).sum(axis=1).max(initial=0) > 1)


def repeated(points: Points) -> bool:
    """Say whether at least half of the points have several clusters, which show the noise without a law."""
    return len(points.x) > 0 and bool(np.mean(points.clusters_per_point >= 2) >= 0.5)


def wild_noise(points: Points, draws: int, rng: np.random.Generator) -> Array:
    """Return draws of the error of log ȳ, (draws, n): each marginal is t with C − 1 degrees.

    The multipliers of the clusters are Gaussian, divided by one √(χ²/df) per draw.
    """
    df = points.n_clusters - 1
    shares = noise_shares(points)
    gauss = rng.standard_normal((draws, len(shares)))
    mix = np.sqrt(df / rng.chisquare(df, draws))
    return np.asarray((gauss * np.minimum(mix, _WIDEST)[:, None]) @ shares)


def noise_shares(points: Points) -> Array:
    """Return independent parts of the error of log ȳ as the clusters show it, (≥ C, n); see `Points.deviations`.

    A point with one cluster shows nothing: it gets a part of its own, of the other points' pooled spread.
    """
    shares, m, counts = points.deviations(), points.clusters_per_point, points.runs.sum(axis=0)
    single, free = m == 1, np.maximum(m - 1, 0)
    if not single.any() or not free.any():
        return shares
    of_one_run = np.average(np.sum(shares**2, axis=0) * counts, weights=free)
    return np.concatenate([shares, np.diag(np.sqrt(of_one_run / counts))[single]])


def residual_noise(spread: Array, df: int, draws: int, rng: np.random.Generator) -> Array:
    """Return draws of independent noise (draws, n) of standard deviation `spread` (n,), t with df degrees."""
    mix = np.sqrt(df / rng.chisquare(df, draws)) if df > 0 else np.ones(draws)
    return np.asarray(rng.standard_normal((draws, len(spread))) * np.minimum(mix, _WIDEST)[:, None] * spread)


def resample(
    points: Points, method: str, draws: int, rng: np.random.Generator, variance: float, df: int
) -> Data:
    """Return `draws` data sets over the points.

    `variance`, of log y at a point of weight 1, and its degrees `df` are the noise of 'residual_t'.
    """
    if method == "bca":
        C = points.n_clusters
        return points.data(rng.multinomial(C, np.full(C, 1 / C), size=draws).astype(float))
    once = points.data()
    if method == "wild_t":
        noise = wild_noise(points, draws, rng)
    else:
        w = once.weights[0]
        noise = residual_noise(np.sqrt(variance / np.where(w > 0, w, np.inf)), df, draws, rng)
    return Data(
        once.log_y + noise, np.repeat(once.weights, draws, axis=0), np.repeat(once.censored, draws, axis=0)
    )


def jackknife(points: Points) -> Data:
    """Return the data sets with one cluster left out each, (C, n)."""
    C = points.n_clusters
    return points.data(1.0 - np.eye(C))


def evidence_of(
    points: Points, law: Law, loss: Loss, parameters: Array, method: str, variance: float, df: int
) -> Evidence | None:
    """Return what profile intervals of these points rest on, None where the bootstrap must do.

    They need log least squares, and noise that is seen without the law (seeds that cross the points) or is
    taken to be alike at all points (`variance` at weight 1 with `df` degrees, where no seeds repeat them).
    """
    if loss != Loss() or (method == "bca" and not repeated(points)):
        return None
    data = points.data()
    if method == "residual_t":
        w = data.weights[0]
        shares = np.diag(np.sqrt(variance / np.where(w > 0, w, np.inf)))
    else:
        shares, df = noise_shares(points), points.n_clusters - 1
    return Evidence(law, points.x, data, parameters[None], shares[None], df)


@dataclass(frozen=True)
class Estimate:
    """A parameter's value with its interval and how the interval was made."""

    value: float
    low: float
    high: float
    method: str


def half_width(draws: Array) -> float:
    """Return half the width of the central 68 % of the draws (B,): a standard error that tails do not move."""
    draws = draws[np.isfinite(draws)]
    return float(np.diff(np.quantile(draws, _ONE_SIGMA))[0]) / 2 if len(draws) else np.nan


def quantile_levels(method: str, C: int, level: float) -> tuple[float, float]:
    """Return the two percentile levels of a plain interval, expanded for C clusters under 'bca'."""
    tail = (1 - level) / 2
    if method == "bca":
        tail = float(ndtr(np.sqrt(C / (C - 1)) * stdtrit(C - 1, tail)))
    return tail, 1 - tail


def interval(
    value: float, draws: Array, left_out: Array, method: str, C: int, level: float, at_floor: bool
) -> Estimate:
    """Return the interval of one parameter from its draws (B,) and leave-one-out values (C,).

    A floor estimated at its bound 0 gets the one-sided interval [0, quantile(level)].
    """
    draws = draws[np.isfinite(draws)]
    if len(draws) < 20:
        return Estimate(value, np.nan, np.nan, "none")
    if at_floor:
        return Estimate(value, 0.0, float(np.quantile(draws, level)), "one_sided")
    levels = np.array(quantile_levels(method, C, level))
    if method == "bca":
        levels = _bca_levels(value, draws, left_out, levels)
    low, high = np.quantile(draws, levels)
    return Estimate(value, float(low), float(high), method)


def _bca_levels(value: float, draws: Array, left_out: Array, levels: Array) -> Array:
    """Return the percentile levels corrected for bias and skewness (Efron 1987, eq. 2.3)."""
    below = (np.sum(draws < value) + 0.5 * np.sum(draws == value)) / len(draws)
    bias = ndtri(np.clip(below, 1 / len(draws), 1 - 1 / len(draws)))
    left_out = left_out[np.isfinite(left_out)]
    spread = left_out.mean() - left_out if len(left_out) else np.zeros(1)
    size = float(np.sum(spread**2)) ** 1.5
    acceleration = float(np.sum(spread**3)) / (6 * size) if size > 0 else 0.0
    z = bias + ndtri(levels)
    return np.asarray(ndtr(bias + z / (1 - np.clip(acceleration * z, -5.0, 0.9))))
