"""Profile intervals: a parameter or a prediction is moved until the best fit that it leaves is too much worse.

The rise D of Σ w r² is compared with what the noise of the data makes of it. With δ the change of the fitted
log y, D/κ, κ = δᵀWΣ̂Wδ / δᵀWδ, is F with 1 and ν degrees in a linear law, whatever the noise's correlation, if
Σ̂ rests on ν + 1 clusters or on ν residuals. Nothing is assumed of the shape of the likelihood: an interval may
end at a bound of the parameter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from scipy.special import stdtr, stdtrit

from lawbook.errors import LawbookError
from lawbook.laws.design import Data, Design
from lawbook.laws.evidence import (
    Evidence,
    follow,
    held_terms,
    lowered,
    misfit,
    noise_along,
    tangent,
    variances,
)
from lawbook.laws.law import Array, Counts, Flags, Law

_STEPS = 24
_TINY = 1e-12
_BEYOND = 300.0
"""Change of log ŷ that no end is looked for beyond."""
_CLOSE = 0.01
"""An end is found when √(D/κ) is within this share of its threshold: 1 % of the half-width."""
_PULL = 300.0
"""Cost of not following the point that pulls a prediction aside, over that of the ends looked for."""


@dataclass(frozen=True)
class Ends:
    """Both ends of an interval per data set, (B,), and whether the data leave an end open.

    An open end is the parameter's bound: 0 for a floor, the box of the law for a nonlinear parameter.
    """

    low: Array
    high: Array
    low_open: Flags
    high_open: Flags


def profiled(law: Law, x: Array) -> tuple[str, ...]:
    """Return the names of the parameters that `profile` can move: a constant floor, and the nonlinear ones."""
    return ((law.floor,) if law.floor and _constant_floor(law, x) else ()) + law.nonlinear


def profile(evidence: Evidence, name: str, level: float) -> Ends:
    """Return the profile interval of a parameter for each data set.

    A floor is at least 0, and its threshold that of a bounded mean with the same standard error (Feldman and
    Cousins 1998, arXiv:physics/9711021, section IV B): one-sided where the floor is not told apart from 0,
    two-sided far from it. While another parameter is moved the floor may be negative, since its bound would
    change the distribution of D. Raises LawbookError for a parameter that cannot be moved.
    """
    law, x = evidence.law, evidence.x
    if name not in profiled(law, x):
        raise LawbookError(f"{name} of {law.name} has no profile; {', '.join(profiled(law, x))} have")
    index = law.parameters.index(name)
    if name == law.floor or not _constant_floor(law, x):
        return _ends(_Parameter(evidence, level, index))
    ends = _ends(_Parameter(lowered(evidence), level, index + 1))
    value = evidence.parameters[:, index]
    return replace(ends, low=np.minimum(ends.low, value), high=np.maximum(ends.high, value))


def profile_prediction(evidence: Evidence, at: Array, level: float) -> Ends:
    """Return the profile interval of log ŷ at x = at (B, d), one place per data set."""
    places, which = np.unique(at, axis=0, return_inverse=True)
    law = replace(evidence.law, box=lambda _: evidence.law.box(evidence.x))
    return _ends(_Prediction(replace(evidence, law=law), level, places, which.reshape(-1)))


def bounded_threshold(distance: Array, df: int, level: float) -> Array:
    """Return the threshold of √(D/κ) for a mean ≥ 0 that is `distance` standard errors above 0, (B,).

    The estimate is the larger of 0 and an unbounded one, t with df degrees. At 0 the threshold is the
    one-sided quantile; from the two-sided quantile on it is that one.
    """
    low = np.full(distance.shape, stdtrit(df, level))
    high = np.full(distance.shape, stdtrit(df, (1 + level) / 2))
    for _ in range(40):
        middle = (low + high) / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            below = np.where(middle >= distance, (middle**2 + distance**2) / (2 * distance), middle)
        enough = stdtr(df, middle) - stdtr(df, -below) >= level
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(high)


class _Target(Protocol):
    """What is moved, in data sets whose optimum is `evidence.parameters`."""

    @property
    def evidence(self) -> Evidence: ...
    @property
    def level(self) -> float: ...
    def take(self, rows: Counts) -> Self: ...
    def limits(self) -> tuple[Array, Array]: ...
    def value(self, parameters: Array) -> Array: ...
    def move(self, value: Array, warm: Array) -> Array: ...
    def noise(self, parameters: Array) -> tuple[Array, Array]: ...
    def threshold(self, parameters: Array) -> Array: ...
    def shown(self, value: Array) -> Array: ...


@dataclass(frozen=True)
class _Parameter:
    """A parameter, by its logarithm where it is searched so."""

    evidence: Evidence
    level: float
    index: int

    @property
    def nonlinear(self) -> int:
        """Return its position among the nonlinear ones, < 0 for a linear one."""
        return self.index - len(self.evidence.law.linear)

    @property
    def spaced(self) -> bool:
        return self.nonlinear >= 0 and self.evidence.law.log_spaced[self.nonlinear]

    def take(self, rows: Counts) -> _Parameter:
        return replace(self, evidence=self.evidence.take(rows))

    def limits(self) -> tuple[Array, Array]:
        """Return the bounds: a floor above every y leaves no law."""
        log_y = self.evidence.data.log_y
        if self.nonlinear < 0:
            return np.zeros(len(log_y)), np.exp(log_y.max(axis=1))
        low, high = self.evidence.law.box(self.evidence.x)[self.nonlinear]
        both = np.log([low, high]) if self.spaced else np.array([low, high])
        return np.full(len(log_y), both[0]), np.full(len(log_y), both[1])

    def value(self, parameters: Array) -> Array:
        chosen = parameters[:, self.index]
        return np.log(chosen) if self.spaced else chosen

    def shown(self, value: Array) -> Array:
        return np.exp(value) if self.spaced else value

    def move(self, value: Array, warm: Array) -> Array:
        e, at = self.evidence, warm.copy()
        at[:, self.index] = self.shown(value)
        return follow(e.law, e.x, e.data, at, held_terms(e.law) | (np.arange(at.shape[1]) == self.index))

    def noise(self, parameters: Array) -> tuple[Array, Array]:
        e = self.evidence
        J, free = tangent(e.law, e.x, parameters)
        along = np.zeros(free.shape)
        along[:, self.index], free[:, self.index] = 1.0, True
        clean, seen = variances(e, parameters, J, along, free)
        log_fit = e.law.log_predict(e.x, parameters)
        unit = np.exp(Design.of(e.law, e.x).log_unit(log_fit)) if self.nonlinear < 0 else 1.0
        return clean * unit**2, seen * unit**2

    def threshold(self, parameters: Array) -> Array:
        e = self.evidence
        if e.law.parameters[self.index] != e.law.floor:
            return np.full(len(parameters), _quantile(self))
        spread = np.sqrt(self.noise(parameters)[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = np.where(spread > 0, parameters[:, self.index] / spread, np.inf)
        return bounded_threshold(distance, e.df, self.level)


@dataclass(frozen=True)
class _Prediction:
    """log ŷ at places[which] (B, d), moved by a further point there, of great weight."""

    evidence: Evidence
    level: float
    places: Array
    which: Counts

    def take(self, rows: Counts) -> _Prediction:
        return replace(self, evidence=self.evidence.take(rows), which=self.which[rows])

    def limits(self) -> tuple[Array, Array]:
        centre = self.value(self.evidence.parameters)
        return centre - _BEYOND, centre + _BEYOND

    def value(self, parameters: Array) -> Array:
        log_y = self.evidence.law.log_predict(self.places, parameters)
        return np.asarray(log_y[np.arange(len(log_y)), self.which])

    def shown(self, value: Array) -> Array:
        return value

    def move(self, value: Array, warm: Array) -> Array:
        e = self.evidence
        start = self.value(warm)
        # Not to move from there would cost `_PULL` times the rise of Σ w r² that is looked for.
        clean, seen = self.noise(e.parameters)
        weight = _PULL * _quantile(self) ** 2 * seen / clean / np.maximum(np.abs(value - start), _TINY) ** 2
        if e.law.floor is not None and _constant_floor(e.law, e.x):
            # Where a floor takes over, or vanishes, the way there is much bent: start with that floor.
            warm, at = warm.copy(), e.law.parameters.index(e.law.floor)
            warm[:, at] += np.exp(value) - np.exp(start)
            warm[:, at] = np.maximum(warm[:, at], 0.0)
        own = self.which[:, None] == np.arange(len(self.places))
        data = Data(
            np.concatenate([e.data.log_y, np.where(own, value[:, None], start[:, None])], axis=1),
            np.concatenate([e.data.weights, np.where(own, weight[:, None], 0.0)], axis=1),
            np.concatenate([e.data.censored, np.zeros(own.shape, dtype=bool)], axis=1),
        )
        x = np.concatenate([e.x, self.places])
        return follow(e.law, x, data, warm, held_terms(e.law))

    def noise(self, parameters: Array) -> tuple[Array, Array]:
        e, n = self.evidence, len(self.evidence.x)
        J, free = tangent(e.law, np.concatenate([e.x, self.places]), parameters)
        return variances(e, parameters, J[:, :, :n], J[np.arange(len(J)), :, n + self.which], free)

    def threshold(self, parameters: Array) -> Array:
        return np.full(len(parameters), _quantile(self))


def _quantile(target: _Target) -> float:
    return float(stdtrit(target.evidence.df, (1 + target.level) / 2))


def _ends(target: _Target) -> Ends:
    low, low_open = _end(target, -1.0)
    high, high_open = _end(target, 1.0)
    return Ends(low, high, low_open, high_open)


def _end(target: _Target, side: float) -> tuple[Array, Flags]:
    """Return where √(D/κ) reaches its threshold on one side of the optimum, and where it never does.

    By secant steps within a bracket, outwards by the slope until there is one.
    """
    e = target.evidence
    B = len(e.parameters)
    at_best = misfit(e, e.parameters)
    centre, limit = target.value(e.parameters), target.limits()[0 if side < 0 else 1]
    first = _quantile(target) * np.sqrt(
        np.minimum(np.nan_to_num(target.noise(e.parameters)[1], nan=1.0), 1e12)
    )
    inner, outer = centre.copy(), np.full(B, np.nan)
    inner_miss, outer_miss = np.full(B, -1.0), np.full(B, 1.0)
    end, warm = np.where(side * (centre - limit) >= 0, limit, centre), e.parameters.copy()
    is_open = side * (centre - limit) >= 0
    ahead = centre + side * np.maximum(first, _TINY)
    todo = np.flatnonzero(~is_open)
    for step in range(_STEPS):
        if not len(todo):
            break
        part = target.take(todo)
        aim = np.where(side * (ahead[todo] - limit[todo]) > 0, limit[todo], ahead[todo])
        found = part.move(aim, warm[todo])
        # A prediction is not quite where it was pulled to, or far from there: what counts is where it is.
        value = part.value(found)
        short = np.abs(aim - value) > 0.5 * np.abs(aim - part.value(warm[todo]))
        rise = np.maximum(misfit(part.evidence, found) - at_best[todo], 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            miss = np.sqrt(rise / noise_along(part.evidence, found)) / part.threshold(found) - 1
        miss = np.where(np.isfinite(miss), miss, 1e3)
        inside = miss < 0
        warm[todo[inside]] = found[inside]
        inner[todo[inside]], inner_miss[todo[inside]] = value[inside], miss[inside]
        outer[todo[~inside]], outer_miss[todo[~inside]] = value[~inside], miss[~inside]
        at_limit = inside & np.isclose(value, limit[todo], rtol=1e-12, atol=0)
        is_open[todo] = at_limit
        end[todo] = np.where(at_limit, limit[todo], value)
        share = np.clip(inner_miss[todo] / (inner_miss[todo] - outer_miss[todo]), 0.05, 0.95)
        share = 0.5 if step % 4 == 3 else share
        between = inner[todo] + share * (outer[todo] - inner[todo])
        beyond = centre[todo] + (value - centre[todo]) * np.clip(1.05 / np.maximum(miss + 1, 1e-3), 1.2, 4.0)
        beyond = np.where(short, (value + aim) / 2, beyond)
        ahead[todo] = np.where(np.isfinite(outer[todo]), between, beyond)
        todo = todo[~(at_limit | (np.abs(miss) < _CLOSE))]
    # Where no end was found within reach, the data leave it open.
    lost = todo[~np.isfinite(outer[todo])]
    end[lost], is_open[lost] = limit[lost], True
    return target.shown(end), is_open


def _constant_floor(law: Law, x: Array) -> bool:
    """Say whether the floor is a term that depends on nothing."""
    if law.floor is None:
        return False
    j = law.linear.index(law.floor)
    term = law.log_basis(x, law.box(x)[None, :, 0])[j]
    return len(law.linear) > 1 and term.size == 1 and not np.any(term)
