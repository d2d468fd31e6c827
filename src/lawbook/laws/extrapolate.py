"""Predict beyond the largest x from several laws at once, weighed by how they would have predicted so far.

The law that fits best does not predict best: one with many parameters bends wherever the noise of the last
points bends it, one with few has the wrong limit. Each law is fitted several times, with more or less weight
on large x, and the predictions are combined in log y. The spread of the laws is the regulariser: no single
fit can carry the prediction off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError, suggest
from lawbook.laws.forms import laws
from lawbook.laws.law import Array, Law
from lawbook.laws.solver import Data, solve

CANDIDATES = ("m2", "m3", "m4")
CENTRES = ("median", "mean")
_STARTS = 6
"""Starts that a rolling origin's fit descends from, the best of those screened."""
_ROUND_OFF = 1e-6
"""Rolling errors below this are level."""


@dataclass(frozen=True)
class Rule:
    """How predictions become one: each law is fitted with weights ∝ x^ρ for every ρ in `recency`.

    `centre` is the 'median' or 'mean' of the predicted log y over all fits, each with a weight
    ∝ (rolling error)^-sharpness: 0 trusts all alike, inf takes the best alone. The rolling error is the RMS log
    error at the points beyond x_max/h of the fit to those up to x_max/h, over the h in `origins`.
    """

    recency: tuple[float, ...] = (0.0, 1.0, 2.0)
    centre: str = "median"
    sharpness: float = 0.0
    origins: tuple[float, ...] = (2**0.5, 2.0)

    def __post_init__(self) -> None:
        if self.centre not in CENTRES:
            raise LawbookError(f"unknown centre {self.centre!r}; {suggest(self.centre, CENTRES)}")
        if not self.recency or not np.isfinite(self.recency).all():
            raise LawbookError(f"recency holds at least one power of x, all finite; got {self.recency!r}")
        if not self.sharpness >= 0:
            raise LawbookError(f"sharpness must be ≥ 0; got {self.sharpness!r}")
        if not all(1 < h < np.inf for h in self.origins):
            raise LawbookError(f"origins are factors below the largest x, all > 1; got {self.origins!r}")


@dataclass(frozen=True)
class Members:
    """Fits of all laws with all recency weights: `table` has a row each, `log_y` (rows, m) their predictions.

    Columns of `table`: form, recency, rolling_error (NaN where an origin leaves no more points than parameters).
    """

    table: pd.DataFrame
    log_y: Array


@dataclass(frozen=True)
class Extrapolation:
    """A prediction: `table` has the columns x, estimate, and the quartiles lower and upper of the members.

    These are no interval: they say how far the fits disagree. `members` has columns form, recency,
    rolling_error, weight (all weights sum to 1); `left_out` says which forms were not fitted and why.
    """

    table: pd.DataFrame
    members: pd.DataFrame
    left_out: tuple[str, ...]


def extrapolate(
    x: ArrayLike,
    y: ArrayLike,
    at: ArrayLike,
    candidates: Sequence[str | Law] = CANDIDATES,
    rule: Rule | None = None,
) -> Extrapolation:
    """Predict y at `at` from points (x, y) by several laws of one input, fitted by least squares in log y.

    x, y: (n,), positive; equal x are averaged in log y. at: (m,), positive, usually beyond the largest x. A
    candidate that has not more points than parameters is left out. Raises LawbookError for values out of range,
    a law of several inputs, or if no candidate is left. The default rule and candidates did best at predicting
    the larger fitted points of the curves of Alabdulmohsin et al. 2022 (arXiv:2209.06640) from the smaller ones;
    how they do beyond is in docs/extrapolation.md.
    """
    rule = rule or Rule()
    xs, log_y, weights = _points(x, y)
    beyond = np.asarray(at, dtype=float).reshape(-1)
    if not ((beyond > 0) & np.isfinite(beyond)).all():
        raise LawbookError("the x to predict at must be finite and > 0 in these laws")
    chosen, left_out = [], []
    for law in (laws[each] if isinstance(each, str) else each for each in candidates):
        if len(law.inputs) != 1:
            raise LawbookError(
                f"{law.name} has inputs {', '.join(law.inputs)}; extrapolate takes laws of one x"
            )
        if len(xs) > len(law.parameters):
            chosen.append(law)
        else:
            left_out.append(f"{law.name}: {len(xs)} distinct x for {len(law.parameters)} parameters")
    if not chosen:
        raise LawbookError(
            f"no law can be fitted ({'; '.join(left_out) or 'no candidates given'}); give more points or a simpler law"
        )
    members = fit_members(xs, log_y, weights, beyond, chosen, rule.recency, rule.origins)
    share = shares(members, rule)
    table = pd.DataFrame({"x": beyond, "estimate": np.exp(combine(members.log_y, share, rule.centre))})
    table["lower"], table["upper"] = np.exp(np.quantile(members.log_y, (0.25, 0.75), axis=0))
    return Extrapolation(table, members.table.assign(weight=share), tuple(left_out))


def fit_members(
    x: Array,
    log_y: Array,
    weights: Array,
    at: Array,
    candidates: Sequence[Law],
    recency: Sequence[float],
    origins: Sequence[float],
) -> Members:
    """Fit every law with weights w x^ρ for every ρ, to all points and up to each origin.

    x (n,) ascending and distinct, log_y and weights (n,), at (m,). A law is scored if every origin x_max/h leaves
    it more points than it has parameters.
    """
    kept = np.array([x <= x[-1] / h * (1 + 1e-12) for h in origins]).reshape(len(origins), len(x))
    by_recency = np.array([weights * (x / x[-1]) ** rho for rho in recency])
    rows, found = [], []
    for law in candidates:
        full = solve(law, x[:, None], _data(log_y, by_recency)).parameters
        found.append(law.log_predict(at[:, None], full))
        error = np.full(len(recency), np.nan)
        if len(kept) and (kept.sum(axis=1) > len(law.parameters)).all():
            cut = (by_recency[:, None, :] * kept).reshape(-1, len(x))
            earlier = solve(law, x[:, None], _data(log_y, cut), starts=_STARTS).parameters
            squared = (log_y - law.log_predict(x[:, None], earlier).reshape(len(recency), len(kept), -1)) ** 2
            beyond = ~kept
            error = np.sqrt(((squared * beyond).sum(axis=2) / beyond.sum(axis=1)).mean(axis=1))
        rows += [
            {"form": law.name, "recency": rho, "rolling_error": e}
            for rho, e in zip(recency, error, strict=True)
        ]
    return Members(pd.DataFrame(rows), np.concatenate(found))


def shares(members: Members, rule: Rule) -> Array:
    """Return each member's weight, (rows,), summing to 1: equal ones where no origin could be scored."""
    error = np.maximum(members.table["rolling_error"].to_numpy(dtype=float), _ROUND_OFF)
    if rule.sharpness == 0 or not np.isfinite(error).all():
        share = np.ones(len(error))
    elif np.isinf(rule.sharpness):
        share = (error == error.min()).astype(float)
    else:
        share = (error / error.min()) ** -rule.sharpness
    return np.asarray(share / share.sum())


def combine(log_y: Array, share: Array, centre: str) -> Array:
    """Return the weighted median or mean over the rows of log_y (rows, m), (m,).

    The median is interpolated between the middles of the weights' steps: with equal weights it is the usual one.

    >>> log_y = np.array([[0.0], [1.0], [5.0]])
    >>> [f"{combine(log_y, np.full(3, 1 / 3), centre)[0]:.6f}" for centre in ("median", "mean")]
    ['1.000000', '2.000000']
    """
    log_y, share = log_y[share > 0], share[share > 0]
    if centre == "mean":
        return np.asarray(share @ log_y)
    order = np.argsort(log_y, axis=0, kind="stable")
    value, weight = np.take_along_axis(log_y, order, axis=0), share[order]
    middle = np.cumsum(weight, axis=0) - weight / 2
    columns = zip(middle.T, value.T, strict=True)
    return np.array([np.interp(0.5, steps, heights) for steps, heights in columns])


def _points(x: ArrayLike, y: ArrayLike) -> tuple[Array, Array, Array]:
    """Return distinct ascending x, the mean log y at each, and how many points each has."""
    xs, ys = np.asarray(x, dtype=float).reshape(-1), np.asarray(y, dtype=float).reshape(-1)
    if len(xs) != len(ys):
        raise LawbookError(f"x has {len(xs)} values and y has {len(ys)}; give one y for each x")
    for name, values in (("x", xs), ("y", ys)):
        bad = np.flatnonzero(~((values > 0) & np.isfinite(values)))
        if len(bad):
            raise LawbookError(
                f"{name} must be finite and > 0; it is {float(values[bad[0]])!r} at position {bad[0]} and not so at "
                f"{len(bad)} positions in all; correct or remove these points"
            )
    distinct, where, count = np.unique(xs, return_inverse=True, return_counts=True)
    log_y = np.bincount(where, weights=np.log(ys)) / count
    return distinct, log_y, count.astype(float)


def _data(log_y: Array, weights: Array) -> Data:
    return Data(np.repeat(log_y[None], len(weights), axis=0), weights, np.zeros(weights.shape, dtype=bool))
