"""Uncertainty over seeds: whole clusters are resampled, since a seed crosses all x and ties its runs.

From 8 clusters on: multinomial cluster bootstrap with BCa intervals (Efron 1987), their normal quantiles
expanded to Student's t with C − 1 degrees and √(C/(C−1)) (Hesterberg 2015, The American Statistician 69:371,
section 4.1); the skewness that BCa corrects is a jackknife's, over groups of clusters where these are many
(`left_out`). Below 8: a wild cluster bootstrap whose multipliers make every linear statistic exactly
Student's t with C − 1 degrees. Without repeats: residual noise with t multipliers at n − p degrees.

Percentiles of refits fall short where a floor is near its bound 0. Floors and nonlinear parameters of a fit by
log least squares therefore have profile intervals instead (`profile`, on the `evidence_of` the same noise).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri, stdtrit

from lawbook.laws.cells import Table, batches, weighed
from lawbook.laws.evidence import Evidence
from lawbook.laws.law import Array, Counts, Law
from lawbook.laws.loss import Loss
from lawbook.laws.points import Points
from lawbook.laws.solver import Data
from lawbook.seeds import generator

FEW_CLUSTERS = 8
_ONE_SIGMA = (0.158655, 0.841345)
_MANY_ROWS = 30
"""From this many clusters on, resampling them is sound although each has only some of the x."""
LEFT_OUT = 400
"""Most data sets of a jackknife: of more clusters, so many groups are left out in turn."""
_WIDEST = 25.0
"""Cap on a t multiplier, far beyond any quantile that is read: keeps Cauchy tails finite (2 clusters)."""


def resampling(points: Points) -> str:
    """Name the method that these points allow: 'bca', 'wild_t' or 'residual_t'."""
    C = points.n_clusters
    crossed = repeated(points)
    if over_index(points):
        return "residual_t"
    if C >= _MANY_ROWS or ((crossed or nested(points)) and C >= FEW_CLUSTERS):
        return "bca"
    return "wild_t" if crossed else "residual_t"


def over_index(points: Points) -> bool:
    """Say whether each cluster is one run measured at several values of an index: at one place, no value twice."""
    if not points.index or not nested(points):
        return False
    at = np.zeros(points.n_clusters, dtype=np.int64)
    at[points.cells.cluster] = points.cells.point
    first = points.x[at[points.cells.cluster]]
    return bool((first == points.x[points.cells.point])[:, points.measured].all())


def nested(points: Points) -> bool:
    """Say whether clusters have several points each but no point has several clusters: a run's checkpoints."""
    return not repeated(points) and bool(points.points_per_cluster.max(initial=0) > 1)


def repeated(points: Points) -> bool:
    """Say whether at least half of the points have several clusters, which show the noise without a law."""
    return len(points.x) > 0 and bool(np.mean(points.clusters_per_point >= 2) >= 0.5)


@dataclass(frozen=True)
class ResidualNoise:
    """The variance of log y at a point of weight 1 as the residuals show it, with its degrees of freedom.

    `run` is what the points of one cluster have in common besides, the same at all of them.
    """

    variance: float
    df: int
    run: float = 0.0


@dataclass(frozen=True)
class Shares:
    """Independent parts of the errors of log y: clusters have `parts` (C, n) in them, each point its `own` (n,)."""

    parts: Table
    own: Array


def noise_shares(points: Points) -> Shares:
    """Return independent parts of the error of log ȳ as the clusters show it; see `Points.deviations`.

    A point with one cluster shows nothing: it gets a part of its own, of the other points' pooled spread.
    """
    m, counts = points.clusters_per_point, points.runs_per_point
    single, free = m == 1, np.maximum(m - 1, 0)
    own = np.zeros(len(m))
    if single.any() and free.any():
        of_one_run = np.average(points.variances * counts, weights=free)
        own = np.where(single, np.sqrt(of_one_run / counts), 0.0)
    return Shares(points.cells.table(points.deviations), own)


def wild_noise(points: Points, draws: int, rng: np.random.Generator) -> Array:
    """Return draws of the error of log ȳ, (draws, n): each marginal is t with C − 1 degrees.

    The multipliers of the clusters are Gaussian, divided by one √(χ²/df) per draw.
    """
    df = points.n_clusters - 1
    shares = noise_shares(points)
    C, alone = points.n_clusters, np.flatnonzero(shares.own)
    gauss = rng.standard_normal((draws, C + len(alone)))
    mix = np.sqrt(df / rng.chisquare(df, draws))
    gauss *= np.minimum(mix, _WIDEST)[:, None]
    noise = weighed(gauss[:, :C], shares.parts)
    noise[:, alone] += gauss[:, C:] * shares.own[alone]
    return noise


def residual_noise(spread: Array, df: int, draws: int, rng: np.random.Generator) -> Array:
    """Return draws of independent noise (draws, n) of standard deviation `spread` (n,), t with df degrees."""
    mix = np.sqrt(df / rng.chisquare(df, draws)) if df > 0 else np.ones(draws)
    return np.asarray(rng.standard_normal((draws, len(spread))) * np.minimum(mix, _WIDEST)[:, None] * spread)


def resample(
    points: Points, method: str, draws: int, rng: np.random.Generator, residual: ResidualNoise
) -> Iterator[Data]:
    """Yield `draws` data sets over the points, some at a time; `residual` is the noise of 'residual_t'."""
    if method == "bca":
        yield from map(points.data, resampled(points.strata, len(points.x), draws, rng))
        return
    once = points.data()
    w = once.weights[0]
    for rows in batches(draws, len(w)):
        count = rows.stop - rows.start
        if method == "wild_t":
            noise = wild_noise(points, count, rng)
        else:
            spread = np.sqrt(residual.variance / np.where(w > 0, w, np.inf))
            noise = residual_noise(spread, residual.df, count, rng)
            if residual.run > 0:
                of_run = np.full(points.n_clusters, np.sqrt(residual.run))
                noise[:, points.cells.point] += residual_noise(of_run, residual.df, count, rng)[
                    :, points.cells.cluster
                ]
        yield replace(once.repeat(count), log_y=once.log_y + noise)


def jackknife(points: Points) -> Iterator[Data]:
    """Yield the data sets with one cluster, or one group of them, left out each, some at a time; see `left_out`."""
    yield from map(points.data, left_out(points.n_clusters, len(points.x)))


def resampled(strata: Counts, n: int, draws: int, rng: np.random.Generator) -> Iterator[Array]:
    """Yield how often each of C clusters is drawn, (draws, C) in all, some data sets of n points at a time.

    `strata` (C,) tells groups of clusters apart; each draw has as many of each group as there are.
    """
    sizes = np.bincount(strata)
    for rows in batches(draws, max(len(strata), n)):
        count = rows.stop - rows.start
        drawn = np.empty((count, len(strata)))
        for group, size in enumerate(sizes):
            if size:
                drawn[:, strata == group] = rng.multinomial(size, np.full(size, 1 / size), size=count)
        yield drawn


def left_out(C: int, n: int) -> Iterator[Array]:
    """Yield 0 for the clusters that are left out in turn and 1 for the others, (min(C, LEFT_OUT), C) in all.

    Some data sets of n points at a time. Of more than `LEFT_OUT` clusters, random groups of equal size (± 1) are left
    out: the delete-a-group jackknife (Shao and Tu 1995, The Jackknife and Bootstrap, section 2.3). A group of g
    clusters has 1/√g of a cluster's skewness, and the root of the groups' number is √g smaller, so that the
    acceleration Σ d³ / 6 (Σ d²)^1.5 (Efron and Tibshirani 1993, An Introduction to the Bootstrap, eq. 14.15) is the
    same, with a standard error of 0.41 / LEFT_OUT = 0.001 instead of 0.41 / C.

    >>> np.concatenate(list(left_out(3, 1))).tolist()
    [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0]]
    """
    G = min(C, LEFT_OUT)
    group = np.arange(C) if C == G else generator(0, "jackknife").permutation(C) % G
    for rows in batches(G, max(C, n)):
        yield 1.0 - (np.arange(rows.start, rows.stop)[:, None] == group)


def evidence_of(
    points: Points, law: Law, loss: Loss, parameters: Array, method: str, residual: ResidualNoise
) -> Evidence | None:
    """Return what profile intervals of these points rest on, None where the bootstrap must do.

    They need log least squares, and noise that is seen without the law (seeds that cross the points) or is
    taken to be alike at all points (`residual`, where no seeds repeat them).
    """
    if loss != Loss() or (method == "bca" and not repeated(points)):
        return None
    data = points.data()
    if method == "residual_t":
        w = data.weights[0]
        own = np.sqrt(residual.variance / np.where(w > 0, w, np.inf))
        shared: Table = np.zeros((0, len(w)))
        if residual.run > 0:
            shared = points.cells.table(np.full(len(points.cells.point), np.sqrt(residual.run)))
        return Evidence(law, points.x, data, parameters[None], shared, residual.df, own)
    shares = noise_shares(points)
    return Evidence(law, points.x, data, parameters[None], shares.parts, points.n_clusters - 1, shares.own)


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
