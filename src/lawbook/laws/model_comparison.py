"""Two laws against each other: would the loser, were it the truth, let the winner look this good?

The likelihood ratio of separate families (Cox 1961, Proceedings of the 4th Berkeley Symposium 1:105) is held
against what it is in data drawn from either law's fit (Williams 1970, Biometrics 26:23). Both laws are taken
as linear about their fits, so that no draw is fitted: thousands cost a millisecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.special import fdtrc, stdtrit

from lawbook.laws.cells import Table, batches, off_tangent
from lawbook.laws.law import Array, Flags, Law
from lawbook.laws.points import Points
from lawbook.laws.solver import jacobian
from lawbook.laws.uncertainty import repeated
from lawbook.seeds import generator
from lawbook.storage.status import UNDECIDED

DRAWS = 1999
EXCLUDED = 0.005
"""A law is excluded if its data would favour a rival so much with at most this probability: the nominal share
of wrong verdicts. `docs/confusion.md` has the measured ones."""
_MISSES = 0.01
"""A winner whose misfit has less than this probability wins only where it predicts better, far enough."""
_FAR = 2.0
"""Decades of x over which the better prediction of the held-out scales is worth more than a curve's shape."""
_STRONG = 6.0
"""Difference in BIC from which on it is evidence (Raftery 1995: 'strong')."""
DECADE = 1.0
"""Below this range of x curvature of any kind looks like a law: a perceptron's exact curve, no exponential,
favours one over 0.9 decades. There a winner must also leave no room for a law between it and its rival."""
_ROOM = 0.15
"""Share of the rival, mixed into the winner's log y, that the data must exclude there, on either side of 0: at a
quarter a perceptron's curve is still taken for an exponential in up to 13 %, at a tenth half of the exponentials over
half a decade are lost."""
ROUND_OFF = 1e-24
"""Squared log residuals, relative to the variation of log y, that are those of an exact fit."""


@dataclass(frozen=True)
class Linearised:
    """A law linearised about its fit to n points, seen in √w log y: residuals (n,) and the orthonormal tangent (n, q).

    `floor` (n,) is the unit direction off the tangent in which a floor at its bound 0 can still rise.
    """

    residuals: Array
    tangent: Array
    floor: Array | None

    @classmethod
    def of(cls, law: Law, x: Array, log_y: Array, weights: Array, parameters: Array) -> Linearised:
        """Linearise a law about parameters (p,), for points x (n, d), log y (n,), weights (n,) of mean 1."""
        root = np.sqrt(weights)
        log_fit = law.log_predict(x, parameters)
        tangent, _ = np.linalg.qr(root[:, None] * jacobian(law, x, parameters))
        floor = None
        if law.floor is not None and parameters[law.linear.index(law.floor)] == 0:
            rise = root * np.exp(log_fit.min() - log_fit)
            off = rise - tangent @ (tangent.T @ rise)
            size = np.linalg.norm(off)
            floor = off / size if size > 1e-8 * np.linalg.norm(rise) else None
        return cls(root * (log_y - log_fit), tangent, floor)

    @property
    def freedom(self) -> int:
        """Return how many directions the law leaves to the noise."""
        return int(max(len(self.residuals) - self.tangent.shape[1], 1))

    @property
    def misfit(self) -> float:
        """Return Σ w r²."""
        return float(np.sum(self.residuals**2))

    def left(self, away: Array) -> Array:
        """Return the Σ w r² that a fit leaves of data (draws, n) that lie `away` from this one."""
        rest = away - (away @ self.tangent) @ self.tangent.T
        misfit = np.einsum("bn,bn->b", rest, rest)
        if self.floor is not None:
            misfit = misfit - np.maximum(rest @ self.floor, 0.0) ** 2
        return np.asarray(np.maximum(misfit, 0.0))


@dataclass(frozen=True)
class Noise:
    """The clusters' noise in √w log ȳ: their `shares` (C, n) in its error, and the runs beyond the first.

    `replicates` is 0 where no cluster repeats a point: then the noise shows in residuals only. `exact` is
    the Σ w r² that counts as round-off.
    """

    shares: Table
    replicates: int
    exact: float

    def off(self, tangent: Array) -> tuple[float, float]:
        """Return Σ w r² as the noise alone makes it off a law's tangent (n, q), and its degrees of freedom.

        With S = sharesᵀ shares once projected these are tr S and ν (C − 1), ν = tr(S)² / tr(S²) (Box 1954,
        Annals of Mathematical Statistics 25:290, theorem 3.1; tr(S²) freed of its bias): at least one
        direction, at most the n − q that the law leaves, and no more in all than there are replicates.
        """
        expected, squared = off_tangent(self.shares, tangent)
        df = self.shares.shape[0] - 1
        if df > 1:
            squared = df**2 / ((df - 1) * (df + 2)) * (squared - expected**2 / df)
        freedom = max(len(tangent) - tangent.shape[1], 1)
        nu = min(max(expected**2 / squared, 1.0), freedom) if squared > 0 else freedom
        return expected, float(min(nu * df, self.replicates))

    def lack_of_fit(self, linear: Linearised) -> float:
        """Return the probability of a misfit as large as a law's, by F; NaN without repeats."""
        if not self.replicates:
            return np.nan
        expected, df = self.off(linear.tangent)
        if not expected > self.exact:
            return float(linear.misfit <= self.exact)
        return float(fdtrc(df / (self.shares.shape[0] - 1), df, linear.misfit / expected))


def seen_weights(weights: Array, censored: Flags) -> Array:
    """Return the points' weights (n,) with mean 1, and 0 where a point is censored."""
    w = weights * ~censored
    total = w.sum()
    return np.asarray(w * len(w) / total if total > 0 else w)


def noise_of(points: Points) -> Noise:
    """Return the clusters' noise at points; round-off is relative to the variation of log y."""
    data = points.data()
    w = seen_weights(data.weights[0], data.censored[0])
    variation = float(np.sum(w * (data.log_y[0] - np.sum(w * data.log_y[0]) / max(w.sum(), 1e-300)) ** 2))
    replicates = int(np.sum(points.clusters_per_point - 1)) if repeated(points) else 0
    return Noise(
        points.cells.table(points.deviations * np.sqrt(w)[points.cells.point]),
        replicates,
        ROUND_OFF * variation,
    )


def linearised(law: Law, points: Points, parameters: Array) -> Linearised:
    """Return a law linearised about its fit to points."""
    data = points.data()
    w = seen_weights(data.weights[0], data.censored[0])
    return Linearised.of(law, points.x, data.log_y[0], w, parameters)


def mimicry(null: Linearised, rival: Linearised, noise: Noise, rng: np.random.Generator) -> float:
    """Return the probability that data of the null law let the rival fit better by as much as here.

    T = log (Q₀ + V) / (Q₁ + V), Q = Σ w r² of each law, V the pure error of the clusters with its degrees
    of freedom (`Noise.off`; none without repeats): the likelihood ratio of the runs. Under the null law
    Q₀, Q₁ and V are drawn with the variance (Q₀ + V) / (degrees of both).
    """
    pure, df = 0.0, 0.0
    if noise.replicates:
        expected, df = noise.off(null.tangent)
        pure = expected / null.freedom * df
    variance = (null.misfit + pure) / (null.freedom + df)
    gap = rival.residuals - null.residuals  # from the rival's fit to the null's
    left = []
    for rows in batches(DRAWS, len(gap)):
        away = rng.standard_normal((rows.stop - rows.start, len(gap))) * np.sqrt(variance)
        left.append((null.left(away), rival.left(away + gap)))
    own, others = np.concatenate(left, axis=1)
    drawn = (variance * rng.chisquare(df, DRAWS) if df > 0 else np.zeros(DRAWS)) + noise.exact
    ratio = np.log((own + drawn) / (others + drawn))
    seen = np.log((null.misfit + pure + noise.exact) / (rival.misfit + pure + noise.exact))
    return float((1 + np.sum(ratio >= seen)) / (1 + DRAWS))


def between(one: Linearised, other: Linearised, noise: Noise, tail: float) -> tuple[float, float]:
    """Return the interval of λ in log y = (1 − λ) · (the first law) + λ · (the other): 0 and 1 are the laws themselves.

    By the J test (Davidson and MacKinnon 1981, Econometrica 49:781): the slope of the first law's residuals along the
    way to the other's fit, off the first law's tangent, with the pooled variance of `mimicry`. How narrow it is says
    how much the data tell of the shape between the two, whatever the range and the unit of x. NaN where the two laws
    lie on one another.
    """
    pure, df = 0.0, 0.0
    if noise.replicates:
        expected, df = noise.off(one.tangent)
        pure = expected / one.freedom * df
    way = one.residuals - other.residuals
    way = way - one.tangent @ (one.tangent.T @ way)
    length = float(way @ way)
    if not length > noise.exact:
        return np.nan, np.nan
    free = max(one.freedom + df - 1, 1.0)
    slope = float(one.residuals @ way) / length
    left = max(one.misfit - slope**2 * length, 0.0)
    half = float(stdtrit(free, 1 - tail)) * np.sqrt((left + pure) / free / length)
    return slope - half, slope + half


@dataclass(frozen=True)
class Family:
    """A form with and without its floor, as it is compared: `law` represents it, the larger of the two.

    `named` is the form that its victory names, '' if all are refused; `poor` the p of its misfit (NaN if
    that cannot be judged); `error` and `drawn` its held-out error and draws of it, paired between families;
    `rolling` its error over all origins.
    """

    law: Law
    named: str
    linear: Linearised
    poor: float
    bic: float
    error: float
    rolling: float
    drawn: Array
    decades: float


def settle(families: Sequence[Family], noise: Noise, tail: float, seed: int) -> tuple[str, str]:
    """Return the form of the family that beats every other, or 'undecided', and why.

    `tail` is the probability beyond either end of an interval. If no family wins, the reason is what the
    first of them lacks.
    """
    # "contest" is the tag of these draws for good: another would draw others.
    chance = {
        (i, j): mimicry(families[i].linear, families[j].linear, noise, generator(seed, "contest"))
        for i, j in permutations(range(len(families)), 2)
    }
    doubts = []
    for i, winner in enumerate(families):
        pairs = [
            _beats(winner, rival, chance[i, j], chance[j, i], tail, noise)
            for j, rival in enumerate(families)
            if j != i
        ]
        if all(won for won, _ in pairs):
            return winner.named, "; ".join(text for _, text in pairs)
        doubts.append(next(text for won, text in pairs if not won))
    return UNDECIDED, doubts[0]


def _beats(
    one: Family, other: Family, own: float, others: float, tail: float, noise: Noise
) -> tuple[bool, str]:
    """Say whether one family is preferred over another, and on what evidence.

    `own` is the probability that data of the first favour the other as these do, `others` the reverse.
    """
    low, high = np.quantile(other.drawn - one.drawn, (tail, 1 - tail))
    gap, delta_bic = other.error - one.error, other.bic - one.bic
    held_out = (
        f"held-out error smaller by {gap:.3g}" if low > 0 else f"held-out errors not told apart: {gap:.3g}"
    )
    simpler = len(one.law.parameters) < len(other.law.parameters) and delta_bic >= _STRONG
    a, b = one.law.name, other.law.name
    share = (0.0, 0.0)
    if not one.decades >= DECADE - 1e-9:
        share = between(one.linear, other.linear, noise, tail)
    if not max(np.abs(share)) <= _ROOM:
        lacks = f"less than a decade of x, over which a law with {share[0]:.2g} to {share[1]:.2g} of {b} in {a} fits"
        if np.isnan(share).any():
            lacks = f"less than a decade of x, over which {a} and {b} are one law"
    elif own <= EXCLUDED:
        lacks = f"data of {a} would favour {b} so much with p = {own:.2g}"
    elif others > EXCLUDED and not simpler:
        lacks = f"data of {b} would favour {a} so much with p = {others:.2g}"
    elif not one.poor >= _MISSES and not (low > 0 and one.rolling < other.rolling and one.decades >= _FAR):
        lacks = f"{a} itself misses the points (p = {one.poor:.2g})"
        if np.isnan(one.poor):
            lacks = f"so few points without repeats do not show whether {a} itself misses them"
    elif high < 0:
        lacks = f"{b} predicts the held-out points better"
    elif not one.named:
        lacks = f"{a} is refused"
    else:
        return True, (
            f"{a} against {b}: data of {b} would favour {a} so much with p = {others:.2g}, {held_out}"
            f" [{low:.3g}, {high:.3g}], ΔBIC {delta_bic:.1f}"
        )
    return False, (
        f"{a} against {b}: {lacks}; held-out errors differ by {gap:.3g} [{low:.3g}, {high:.3g}], "
        f"ΔBIC {delta_bic:.1f} over {one.decades:.1f} decades"
    )
