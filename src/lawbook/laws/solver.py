"""One solver for every law: Sobol starts in the nonlinear parameters only, then batched descents.

For given nonlinear parameters the linear ones follow by non-negative least squares in relative residuals
(variable projection), so that a start needs no guess of them, and most starts are never descended from.
Nothing depends on the units of x and y.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from lawbook.laws.descent import Descent, Effort, descend, evaluate
from lawbook.laws.design import Data, Design
from lawbook.laws.law import Array, Counts, Flags, Law
from lawbook.laws.linear import nonnegative_least_squares
from lawbook.laws.loss import Loss
from lawbook.laws.sobol import sobol
from lawbook.seeds import generator

__all__ = ["Data", "Design", "Loss", "Solution", "jacobian", "refits", "solve"]

_EXACT = Effort(tolerance=1e-11, steps=25, newton=30, gram=False)
_DRAWN = Effort(tolerance=1e-5, steps=100)
_FIRST, _SHORT, _FOLLOWED = Effort(1e-6, steps=60, leave=0.05), Effort(1e-6, steps=8), Effort(1e-6, steps=20)
_STAGE = Effort(tolerance=1e-4, steps=60)
_ALONG_VALLEY = replace(_EXACT, steps=200)
"""How far the descents go: to an estimate, to a draw; first ones from all starts, or, of a law of many
parameters, short ones after which only the best are followed; to a stage of a robust loss, and on from where a
descent by least squares ended unfinished."""
_FINALISTS, _REACH = 3, 1.1
"""So many different ends of first descents are followed to the optimum, if not higher than the lowest by more."""
_LEVEL = 1e-8
"""Objectives of first descents below this are level: their differences are those of stopping early."""
_AT_BEST = 1e-9
"""Relative excess of the objective below which a start has reached the optimum."""
_SCREEN = 150_000
_SOUGHT, _LEAST = 4000, 100
"""Points that starts are sought on, evenly taken from more; of each of many data sets at least so many."""
_NARROWING = 5.0
"""Factor between the δ of one stage of a robust loss and the next."""
_SETTLED = 1e-6
"""Relative fall of Σ |r| in the last narrowing of δ below which its optimum is reached."""
_ABSOLUTE, _ABSOLUTE_DRAWN = 1e-7, 1e-2
"""The δ that stands for 0, relative to the median size of the residuals: an estimate's and a draw's."""


@dataclass(frozen=True)
class Solution:
    """The optimum of each problem: parameters (B, p), linear then nonlinear, and how it was reached.

    `objective` is Σ w ρ(r) with the weights scaled to mean 1; `gradient` the largest derivative of the mean
    loss along a parameter, per unit of root-mean-square change in log ŷ. `starts` were followed to
    the end, the best of those screened; `starts_at_best` of them came to the optimum (excess < 1e-9).
    """

    parameters: Array
    objective: Array
    gradient: Array
    converged: Flags
    starts: int
    starts_at_best: Counts
    screened: int


def solve(
    law: Law,
    x: Array,
    data: Data,
    loss: Loss | None = None,
    *,
    warm: Array | None = None,
    starts: int | None = None,
    trusted: bool = False,
    screened: int | None = None,
    sought: int = _SOUGHT,
) -> Solution:
    """Return argmin Σ_i w_i ρ(g(y_i) − g(Σ_j s_j c_j φ_j(x_i; θ))) over c ≥ 0 and θ in its box, per data set.

    x: (n, d), all distinct; data: (B, n) each; g and ρ are the loss's scale and penalty. Without `warm` every
    data set is solved from the best of the Sobol starts, by least squares first; a robust loss follows by
    narrowing δ from there. With `warm` (p,) or (B, p), parameters near the optimum, from there, and from the
    Sobol starts where a sample of the data sets shows that these find better optima, unless `warm` is `trusted`.
    `starts` is how many starts are descended from, of the best of `screened` ones, on at most `sought` points.
    """
    problem = _Problem.of(law, x, data, loss or Loss())
    if warm is None:
        every = np.arange(len(data.log_y))
        q, objective, gradient, converged = problem.from_starts(every, starts, _EXACT, screened, sought)
    else:
        q, objective, gradient, converged = problem.from_warm(warm, trusted)
    rows = np.arange(len(q))
    best = np.argmin(objective, axis=1)
    lowest = objective[rows, best]
    # Excess relative to the optimum, or, where that is round-off, to a residual of 1e-13.
    round_off = problem.loss.value(np.full(1, 1e-13), np.zeros(1, dtype=bool)) * len(x)
    at_best = objective <= lowest[:, None] * (1 + _AT_BEST) + round_off
    return Solution(
        parameters=problem.design.parameters(q[rows, best], problem.log_unit),
        objective=lowest * problem.loss.objective_unit,
        gradient=gradient[rows, best],
        converged=converged[rows, best],
        starts=objective.shape[1],
        starts_at_best=at_best.sum(axis=1).astype(np.int64),
        screened=_screened(law, screened),
    )


def refits(law: Law, x: Array, parts: Iterable[Data], loss: Loss, warm: Array) -> Array:
    """Return the parameters (B, p) of data sets that come some at a time, NaN where a descent did not come to rest.

    They are near `warm` (p,); see `solve`.
    """
    found = [solve(law, x, data, loss, warm=warm) for data in parts]
    return np.concatenate([np.where(each.converged[:, None], each.parameters, np.nan) for each in found])


def _screened(law: Law, most: int | None = None) -> int:
    """Return how many Sobol points are tried: 32 for one nonlinear parameter, twice for each further one."""
    return min(most or 1024, 16 * 2**law.searched) if law.nonlinear else 1


def _starts(law: Law, count: int | None, screened: int | None) -> tuple[int, int]:
    """Return from how many Sobol points a short descent is made, and how many of these are followed."""
    k = law.searched
    tried = min(_screened(law, screened), 16 * min(max(k, 1), 4) if count is None else 4 * count)
    few = tried if k <= 2 else 12
    return tried, min(count or few, tried)


_Ends = tuple[Array, Array, Array, Flags]
"""Coordinates (B, S, p), objective, gradient and convergence (B, S) of each data set from each start."""


@dataclass(frozen=True)
class _Problem:
    """Data sets over a design, y in units of its geometric mean (exp(log_unit)), weights of mean 1."""

    design: Design
    data: Data
    loss: Loss
    log_unit: Array

    @classmethod
    def of(cls, law: Law, x: Array, data: Data, loss: Loss) -> _Problem:
        design = Design.of(law, x)
        B = len(data.log_y)
        total = data.weights.sum(axis=1, keepdims=True)
        weights = np.where(total > 0, data.weights, 1.0)
        log_unit = design.log_unit(data.log_y, weights)
        if loss.scale != "log_":
            # δ and 1 + y are in units of y: one unit for all data sets.
            log_unit = np.full(B, log_unit.mean())
            loss = loss.in_units(float(log_unit[0]))
        count = np.maximum((data.weights > 0).sum(axis=1, keepdims=True), 1)
        scaled = Data(
            data.log_y - log_unit[:, None],
            data.weights * np.where(total > 0, count / np.where(total > 0, total, 1), 0),
            data.censored,
        )
        return cls(design, scaled, loss, log_unit)

    def descend(self, which: Counts, q: Array, loss: Loss, effort: Effort) -> Descent:
        """Descend from q (S, p) on the data sets `which` (S,)."""
        return descend(self.design, self.data, which, q, loss, effort)

    def from_starts(
        self,
        sets: Counts,
        count: int | None,
        effort: Effort = _EXACT,
        screened: int | None = None,
        sought: int = _SOUGHT,
    ) -> _Ends:
        """Solve the data sets at `sets` from the best Sobol starts of each."""
        tried, S = _starts(self.design.law, count, screened)
        some = self.thinned(sets, sought)
        start = some.screen(sets, tried, screened)
        B, p = len(sets), start.shape[2]
        which, flat = np.repeat(sets, S), self.loss.squared
        if tried > S:
            short = some.descend(np.repeat(sets, tried), start.reshape(-1, p), flat, _SHORT)
            best = np.argsort(short.objective.reshape(B, tried), axis=1, kind="stable")[:, :S]
            start = np.take_along_axis(short.q.reshape(B, tried, p), best[:, :, None], axis=1)
        first = some.descend(which, start.reshape(B * S, p), flat, _FOLLOWED if tried > S else _FIRST)
        if some is not self:
            unit = self.log_unit[which]
            first = replace(first, q=self.design.coordinates(some.design.parameters(first.q, unit), unit))
        # Starts that came together stay together: one descent for all of them, and none for the hopeless.
        one, kind = _kinds(first, which)
        hope = _hopeful(first.objective[one], which[one])
        at, q = which[one][hope], first.q[one][hope]
        if self.loss.shape == "least_squares":
            last = self.descend(at, q, self.loss, effort)
            # Along a curved valley the way is long: only the lowest end of a data set goes on.
            order = np.lexsort([last.objective, at])
            lowest = order[np.unique(at[order], return_index=True)[1]]
            on_way = lowest[~last.converged[lowest]]
            if len(on_way):
                last.put(on_way, self.follow(at[on_way], last.q[on_way]))
        else:
            last = self.narrow(at, q, effort)
        lost = np.full(len(one), np.inf)
        ends = Descent(first.q[one], lost, lost.copy(), np.zeros(len(one), dtype=bool))
        ends.put(hope, last)
        return _by_set(ends.take(kind), B, S)

    def thinned(self, sets: Counts, sought: int = _SOUGHT) -> _Problem:
        """Return the problem on some of the points that have weight in the data sets at `sets`, all of few points."""
        if len(self.design.x) <= sought or self.design.law.coupled:
            return self
        each, chosen = max(_LEAST, sought // len(sets)), np.zeros(len(self.design.x), dtype=bool)
        for weights in self.data.weights[sets]:
            seen = np.flatnonzero(weights)
            chosen[seen[np.linspace(0, len(seen) - 1, min(each, len(seen))).round().astype(int)]] = True
        design = replace(self.design, x=self.design.x[chosen])
        return replace(self, design=design, data=self.data.at_points(chosen))

    def follow(self, which: Counts, q: Array) -> Descent:
        """Descend from q (S, p) for long, in coordinates that are straight along the known valleys."""
        m, straight = len(self.design.law.linear), replace(self, design=replace(self.design, straight=True))
        t = straight.design.spaced(self.design.nonlinear(q))
        ends = straight.descend(which, np.concatenate([q[:, :m], t], axis=1), self.loss, _ALONG_VALLEY)
        t = self.design.spaced(straight.design.nonlinear(ends.q))
        return replace(ends, q=np.concatenate([ends.q[:, :m], t], axis=1))

    def narrow(self, which: Counts, q: Array, effort: Effort) -> Descent:
        """Follow the optimum from least squares to the loss, by steps in δ."""
        data, flat = self.data.take(which), self.loss.squared
        size = np.abs(evaluate(self.design, data, q, flat).r)
        delta = float(np.quantile(size, 0.9)) if size.size else 1.0
        narrow = _ABSOLUTE if effort == _EXACT else _ABSOLUTE_DRAWN
        target = self.loss.delta or max(narrow * float(np.median(size)), 1e-14)
        while delta > _NARROWING * target:
            q = self.descend(which, q, self.loss.huber(delta), _STAGE).q
            delta /= _NARROWING
        last = self.loss.huber(target)
        ends = self.descend(which, q, last, effort)
        if self.loss.shape == "absolute":
            before, after = (
                np.sum(
                    data.weights * self.loss.value(evaluate(self.design, data, at, last).r, data.censored),
                    axis=1,
                )
                for at in (q, ends.q)
            )
            # Near |r| a gradient says little: at rest is what the last narrowing did not lower any more.
            still = before - after <= _SETTLED * after
            ends = replace(ends, objective=after, converged=ends.converged | still)
        return ends

    def from_warm(self, warm: Array, trusted: bool = False) -> _Ends:
        """Solve every data set from `warm`; unless that is trusted, also from where a sample has better optima."""
        B, m = len(self.log_unit), len(self.design.law.linear)
        q = self.design.coordinates(np.broadcast_to(warm, (B, warm.shape[-1])), self.log_unit)
        every = np.arange(B)
        first = self.draw(every, np.where(np.isfinite(q), q, 0.0))
        if trusted:
            return _by_set(first, B, 1)
        sample = every[:: min(B, _SAMPLE)]
        second = _best(self.from_starts(sample, _FEW, _DRAWN))
        helped = second[1][:, 0] < first.objective[sample] * (1 - _BETTER)
        ends = [_by_set(first, B, 1)]
        if helped.mean() > _HELPED:
            elsewhere = second[0][helped, 0]
            _, place = np.unique(np.round(elsewhere[:, m:], 1), axis=0, return_index=True)
            for t in elsewhere[place[:_FEW], m:]:
                q[:, m:] = t
                q[:, :m] = _linear_at(self.design, self.data, self.design.nonlinear(q))
                ends.append(_by_set(self.draw(every, q), B, 1))
        third = _by_set(first.copy(), B, 1)
        for whole, part in zip(third, second, strict=True):
            whole[sample] = part
        ends.append(third)
        q, objective, gradient, converged = (
            np.concatenate(parts, axis=1) for parts in zip(*ends, strict=True)
        )
        return q, objective, gradient, converged

    def draw(self, which: Counts, q: Array) -> Descent:
        """Descend from q (S, p), close to the optimum, as far as a draw needs."""
        if self.loss.shape == "absolute":
            return self.narrow(which, q, _DRAWN)
        return self.descend(which, q, self.loss, _DRAWN)

    def screen(self, sets: Counts, count: int, screened: int | None = None) -> Array:
        """Return the `count` starts of lowest loss for each data set, (B, count, p), in coordinates."""
        theta = _sobol(self.design, screened)
        S, m = len(theta), len(self.design.law.linear)
        t = self.design.spaced(theta)
        parts = []
        step = max(1, _SCREEN // (S * len(self.design.x) * (m + 1)))
        for low in range(0, len(sets), step):
            which = np.repeat(sets[low : low + step], S)
            data = self.data.take(which)
            q = np.concatenate([np.zeros((len(which), m)), np.tile(t, (len(which) // S, 1))], axis=1)
            if self.design.law.towards is not None:
                moved = self.design.law.towards(self.design.x, data.log_y, self.design.nonlinear(q))
                q[:, m:] = self.design.spaced(moved)
            q[:, :m] = _linear_at(self.design, data, self.design.nonlinear(q))
            if count < S:
                value = evaluate(self.design, data, q, self.loss.squared).objective.reshape(-1, S)
                best = np.argsort(value, axis=1, kind="stable")[:, :count]
                parts.append(np.take_along_axis(q.reshape(-1, S, q.shape[1]), best[:, :, None], axis=1))
            else:
                parts.append(q.reshape(-1, S, q.shape[1]))
        return np.concatenate(parts)


_SAMPLE, _FEW, _BETTER, _HELPED = 50, 4, 1e-4, 0.02
"""Warm starts are checked on one of so many data sets, from so many starts; better by that much helps a data set;
from that share of helped ones on, all are solved from so many of the better places too."""


def _sobol(design: Design, screened: int | None = None) -> Array:
    """Return start values of the nonlinear parameters, (S, k): Sobol points in the box."""
    k, count = len(design.law.nonlinear), _screened(design.law, screened)
    if k == 0:
        return np.zeros((1, 0))
    unit = sobol(k, count, generator(0, f"starts {design.law.starts or design.law.name}"))
    low, high = design.box[:, 0], design.box[:, 1]
    spaced = design.logged
    with np.errstate(invalid="ignore", divide="ignore"):
        geometric = low * (high / low) ** unit
    return np.where(spaced, geometric, low + (high - low) * unit)


def _linear_at(design: Design, data: Data, theta: Array) -> Array:
    """Return the linear coordinates that are best for each data set at its θ (B, k): (B, m).

    One term: exact in the log. Several: least squares in relative residuals, close enough to start from.
    """
    logs, _ = design.log_terms(theta)
    weights = np.where(data.censored, 0.0, data.weights)
    weights = np.where(weights.sum(axis=1, keepdims=True) > 0, weights, 1.0)
    if design.one_term:
        return np.asarray(np.average(data.log_y - logs[0], axis=1, weights=weights)[:, None])
    # A column is measured against its own largest entry, so that neither overflows.
    size = np.sqrt(weights)
    relative = [np.broadcast_to(log_phi, data.log_y.shape) - data.log_y for log_phi in logs]
    top = [each.max(axis=1, keepdims=True) for each in relative]
    law, m = design.law, len(design.law.linear)
    with np.errstate(invalid="ignore"):
        columns = [
            sign * size * np.exp(each - high)
            for sign, each, high in zip(law.weights(design.x, theta), relative, top, strict=True)
        ]
    scale = np.exp(np.clip(np.concatenate(top, axis=1), -300.0, 300.0))
    rest = size - columns[m] * scale[:, m:] if law.offset else size
    if m == 0:
        return np.zeros((len(theta), 0))
    return np.asarray(nonnegative_least_squares(np.stack(columns[:m], axis=1), rest, law.free) / scale[:, :m])


def _by_set(ends: Descent, B: int, S: int) -> _Ends:
    return (
        ends.q.reshape(B, S, -1),
        ends.objective.reshape(B, S),
        ends.gradient.reshape(B, S),
        ends.converged.reshape(B, S),
    )


def _best(ends: _Ends) -> _Ends:
    """Return the best end of each data set, as (B, 1, ...)."""
    best = np.argmin(ends[1], axis=1)[:, None]
    return (
        np.take_along_axis(ends[0], best[:, :, None], axis=1),
        np.take_along_axis(ends[1], best, axis=1),
        np.take_along_axis(ends[2], best, axis=1),
        np.take_along_axis(ends[3], best, axis=1),
    )


def _kinds(ends: Descent, which: Counts) -> tuple[Counts, Counts]:
    """Return one end of each kind, and for every end its kind: same data set, same objective, same place."""
    height = np.log(np.where(np.isfinite(ends.objective), ends.objective, 1e300) + _LEVEL)
    key = np.column_stack([which, np.round(height, 3), np.round(ends.q, 4)])
    _, one, kind = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return one, kind.reshape(-1)


def _hopeful(objective: Array, which: Counts) -> Counts:
    """Return the positions of the lowest objectives of each data set: at most `_FINALISTS`, all within reach.

    Those that are level, as ends near the optimum of noiseless data are, all go on.
    """
    order = np.lexsort([objective, which])
    _, first, size = np.unique(which[order], return_index=True, return_counts=True)
    rank = np.arange(len(order)) - np.repeat(first, size)
    height = objective[order]
    near = (rank < _FINALISTS) & (height <= _REACH * np.repeat(height[first], size))
    return order[(near | (height <= _LEVEL)) & np.isfinite(height)]


def jacobian(law: Law, x: Array, parameters: Array) -> Array:
    """Return d log ŷ / d coordinates at one point, (n, p'), without the linear coefficients that are 0.

    The coordinates are the well-conditioned ones of `design`.
    """
    design = Design.of(law, x)
    n = len(x)
    once = Data(np.zeros((1, n)), np.ones((1, n)), np.zeros((1, n), dtype=bool))
    log_unit = design.log_unit(law.log_predict(x, parameters)[None])
    q = design.coordinates(parameters[None], log_unit)
    J = evaluate(design, once, q, Loss(), project=False).J[0].T
    m = len(law.linear)
    keep = np.concatenate([(parameters[:m] > 0) | law.free, np.ones(len(parameters) - m, dtype=bool)])
    return np.asarray(J[:, keep])
