"""Which runs to make next: those that are expected to sharpen the prediction at a target most for their cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from lawbook.laws.automatic.selection import Entry
from lawbook.laws.law import Array, Counts, Flags
from lawbook.laws.points import Points
from lawbook.laws.solver import jacobian

_COST_POWER = 0.4
"""The fall of the variance is divided by the cost to this power: at 1 only the cheapest runs would be made."""
_LOOSE = 10.0
"""Standard deviation of each parameter before any run, in units of its effect on log y."""
_REJECTED = 0.5
"""A law whose error at the held-out points is more than this share of their spread says nothing of the target."""
_EVIDENCE = 3.0
"""Expected difference of log likelihood from which on two laws are told apart: 6 in BIC."""


@dataclass(frozen=True)
class Suggestion:
    """The runs to make next, in order: positions in the pool, with the cost up to each, and what they are for.

    `half_widths` (k + 1,) is half the interval of log y at the target, the mean over it, now and after each run; empty
    where the runs were drawn in proportion to 1/cost, for the reason in `fallback`. `decision` is the cost of telling
    the two best laws, `rivals`, apart by the cheapest runs of the pool that do, NaN where none of them do.
    """

    chosen: Counts
    costs: Array
    half_widths: Array
    fallback: str
    rivals: tuple[str, ...]
    decision: float


def next_runs(
    points: Points,
    laws: Sequence[Entry],
    pool: Array,
    costs: Array,
    target: Array,
    budget: float,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    beside: Sequence[tuple[Points, Sequence[Entry]]] = (),
) -> Suggestion:
    """Choose runs from a pool (m, d) of given costs (m,) within a budget, for the prediction at a target (t, d).

    `beside` are other quantities of the same runs, with their laws, that are to be predicted there, too. One at a time,
    by the relative fall of the variance of log y at the target, averaged over the laws, over cost^0.4. Each law is
    linear about its fit to the points, with its own noise and, beside it, a smooth error of the size of its miss at the
    held-out points, so that no law is trusted to the end. Where there is no law, or every one misses the held-out
    points by half of their spread, the runs are drawn in proportion to 1/cost.
    """
    affordable = np.asarray(costs <= budget)
    asked = [each for each in [(points, laws), *beside] if not _doubt(*each)]
    if not asked or not affordable.any():
        chosen = drawn_by_cost(costs, budget, rng)
        return Suggestion(chosen, np.cumsum(costs[chosen]), np.zeros(0), _doubt(points, laws), (), np.nan)
    beliefs = [_Belief.of(of, entry, pool, target) for of, entries in asked for entry in entries]
    reach = ndtri((1 + level) / 2)
    widths = [reach * float(np.mean([belief.spread() for belief in beliefs]))]
    chosen_list: list[int] = []
    left, free = budget, affordable.copy()
    while free.any():
        gain = np.mean([belief.falls() for belief in beliefs], axis=0) / costs**_COST_POWER
        best = int(np.argmax(np.where(free, gain, -np.inf)))
        if not gain[best] > 0:
            break
        for belief in beliefs:
            belief.see(best)
        chosen_list.append(best)
        left -= float(costs[best])
        free[best] = False
        free &= costs <= left
        widths.append(reach * float(np.mean([belief.spread() for belief in beliefs])))
    chosen = np.array(chosen_list, dtype=np.int64)
    rivals = tuple(entry.candidate.name for entry in laws[:2]) if len(laws) > 1 else ()
    decision = _decision(points, laws[0], laws[1], pool, costs) if rivals else np.nan
    return Suggestion(chosen, np.cumsum(costs[chosen]), np.array(widths), "", rivals, decision)


def _doubt(points: Points, laws: Sequence[Entry]) -> str:
    """Return why no law may choose runs, '' if some may."""
    if not laws:
        return f"{len(points.x)} runs are too few for any candidate law"
    spread = float(np.std(points.data().log_y[0]))
    if min(float(entry.errors[-1]) for entry in laws) > _REJECTED * spread:
        return "every candidate law misses the held-out points by half of their spread"
    return ""


def drawn_by_cost(costs: Array, budget: float, rng: np.random.Generator) -> Counts:
    """Return positions drawn without replacement in proportion to 1/cost, as long as the budget lasts."""
    order = np.argsort(np.log(rng.exponential(size=len(costs))) + np.log(costs), kind="stable")
    chosen, left = [], budget
    for i in order:
        if costs[i] <= left:
            chosen.append(int(i))
            left -= float(costs[i])
    return np.array(chosen, dtype=np.int64)


@dataclass
class _Belief:
    """What a law makes of log y at the pool and the target after the runs that were seen: its covariance.

    covariance: (m + t, m + t), the pool's m places first; `noise` is the variance of one run.
    """

    covariance: Array
    noise: float
    pool: int

    @classmethod
    def of(cls, points: Points, entry: Entry, pool: Array, target: Array) -> _Belief:
        """Return the belief after the points, from their noise and the law's error at the held-out ones."""
        w = points.data().weights[0]
        seen, w = points.x[w > 0], w[w > 0]
        n, ahead = len(seen), np.concatenate([pool, target])
        J = jacobian(entry.law, np.concatenate([seen, ahead]), entry.parameters)
        J = np.where(np.isfinite(J), J, 0.0) * _LOOSE
        z = _standardised(np.concatenate([seen, ahead]), n)
        apart = np.sum((z[:, None] - z[None]) ** 2, axis=2)
        misfit = float(entry.errors[-1]) ** 2 * np.exp(-apart / 2)
        noise = max(float(entry.noise), 1e-12)
        # Universal kriging: first the smooth error, then the parameters. By the covariance of both together the
        # loose prior of the parameters would cancel all digits of a law that has more of them than it needs.
        seen_apart = misfit[:n, :n] + np.diag(noise * w.mean() / w)
        known = np.linalg.solve(seen_apart, np.concatenate([misfit[:n, n:], J[:n]], axis=1))
        smooth = misfit[n:, n:] - misfit[n:, :n] @ known[:, : len(ahead)]
        values, vectors = np.linalg.eigh(np.eye(J.shape[1]) + J[:n].T @ known[:, len(ahead) :])
        left = (J[n:] - misfit[n:, :n] @ known[:, len(ahead) :]) @ (
            vectors / np.sqrt(np.maximum(values, 1.0))
        )
        covariance = 0.5 * (smooth + smooth.T) + left @ left.T
        return cls(covariance, noise, len(pool))

    def spread(self) -> float:
        """Return the standard deviation of log y at the target, the root of its mean variance."""
        return math.sqrt(max(float(np.mean(np.diag(self.covariance)[self.pool :])), 0.0))

    def falls(self) -> Array:
        """Return the relative fall of the mean variance at the target by one run at each place of the pool, (m,)."""
        m = self.pool
        variance = np.diag(self.covariance)
        shared = np.mean(np.square(self.covariance[:m, m:]), axis=1)
        fall = shared / (np.maximum(variance[:m], 0.0) + self.noise)
        return np.asarray(fall / max(float(np.mean(variance[m:])), 1e-300))

    def see(self, place: int) -> None:
        """Take a run at a place of the pool into account."""
        column = self.covariance[:, place]
        self.covariance = self.covariance - np.outer(column, column) / (column[place] + self.noise)


def _standardised(x: Array, n: int) -> Array:
    """Return inputs in units of the spread of the first n, by their logarithms where all are positive."""
    positive: Flags = np.asarray((x > 0).all(axis=0))
    z = np.where(positive, np.log(np.where(positive, x, 1.0)), x)
    spread = z[:n].std(axis=0)
    return np.asarray(z / np.where(spread > 0, spread, 1.0))


def _decision(points: Points, one: Entry, other: Entry, pool: Array, costs: Array) -> float:
    """Return the cost of the cheapest runs of the pool that are expected to tell two laws apart, NaN if all do not.

    Two laws that differ by δ at a run of noise s differ there by δ²/(2 s²) in log likelihood.
    """
    away = one.law.log_predict(pool, one.parameters) - other.law.log_predict(pool, other.parameters)
    evidence = np.nan_to_num(away) ** 2 / (2 * max(one.noise, other.noise, 1e-12))
    order = np.argsort(costs / np.maximum(evidence, 1e-300), kind="stable")
    total = np.cumsum(evidence[order])
    enough = np.flatnonzero(total >= _EVIDENCE)
    return float(np.cumsum(costs[order])[enough[0]]) if len(enough) else np.nan
