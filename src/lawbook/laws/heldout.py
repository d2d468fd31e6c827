"""How well a law predicts larger scales than it was fitted to: the held-out largest ones, and rolling origin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lawbook.laws.law import Array, Counts, Flags, Law
from lawbook.laws.points import Points
from lawbook.laws.solver import Loss, jacobian, solve
from lawbook.laws.uncertainty import repeated, residual_noise, wild_noise
from lawbook.seeds import generator

_ORIGINS, _ORIGINS_OF_SURFACES = 20, 8
"""Most rolling origins, evenly chosen, for one input and for several: each is a fit."""
_STARTS = 8
"""Starts that each origin's fit descends from, the best of those screened."""


@dataclass(frozen=True)
class Scores:
    """A law's RMS log errors: at the held-out largest scales, and over all rolling origins.

    `rest` are the points that it was fitted to for the first, `parameters` (p,) what came out.
    """

    error: float
    rolling: float
    rest: Points
    parameters: Array


def scales(x: Array) -> Counts:
    """Return the rank of each point's scale, 0 the smallest, for x (n, d).

    The scale of one input is its value; of several, their product (N·D is proportional to compute), equal
    within 0.01 decades; of several that are not all positive, the first.

    >>> scales(np.array([[1.0, 8.0], [2.0, 2.0], [2.0, 4.0]]))
    array([1, 0, 1])
    """
    size = x[:, 0]
    if x.shape[1] > 1 and (x > 0).all():
        size = np.round(np.log10(x).sum(axis=1), 2)
    return np.asarray(np.unique(size, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def origins(
    x: Array, holdout: int, least: int, of: Sequence[int] = (), values: Counts | None = None, own: int = 0
) -> list[tuple[Flags, Flags]]:
    """Return training and test points, (n,) each, of every origin: the smallest scales and the next `holdout`.

    The scale is that of the columns `of`, by default of all.

    Training points number at least `least` and vary in every input; of each of the `values` (n,) of an index, which is
    none of the columns `of`, there are at least `own`. The last origin holds out the largest scales; if even it trains
    on too few, there is none.
    """
    rank = scales(x[:, list(of)] if of else x)
    size = np.bincount(rank)
    # From how many scales on the training points vary in every input.
    seen = x if values is None else x[:, list(of)]
    varied = max(int(rank[column != column[np.argmin(rank)]].min(initial=len(size))) for column in seen.T) + 1
    first = max(1, varied, int(np.searchsorted(np.cumsum(size), least)) + 1)
    if values is not None:
        enough = (np.sort(rank[values == value])[own - 1] for value in np.unique(values))
        first = max(first, 1 + max(map(int, enough)))
    found = np.arange(first, len(size) + 1 - holdout)
    most = _ORIGINS if x.shape[1] == 1 else _ORIGINS_OF_SURFACES
    if len(found) > most:
        found = found[np.linspace(0, len(found) - 1, most).round().astype(int)]
    return [(rank < j, (rank >= j) & (rank < j + holdout)) for j in found]


def score(points: Points, law: Law, loss: Loss, splits: list[tuple[Flags, Flags]]) -> Scores:
    """Return a law's scores over the origins `splits`, the last of which holds out the largest scales.

    All origins are one batch over the whole design: a point that is not trained on has weight 0.
    """
    once = points.data()
    train = np.array([each for each, _ in splits])
    test = np.array([each for _, each in splits])
    base = np.repeat(once.weights, len(splits), axis=0)
    data = once.repeat(len(splits))
    solution = solve(law, points.x, replace(data, weights=base * train), loss, starts=_STARTS)
    if points.binomial:
        base = np.array([points.reweighted(law.log_predict(points.x, p)).base for p in solution.parameters])
        solution = solve(law, points.x, replace(data, weights=base * train), loss, starts=_STARTS)
    misses = miss(law, points.x, once.log_y, once.censored, solution.parameters)
    last = splits[-1]
    return Scores(
        error=float(np.sqrt(np.mean(misses[-1, last[1]] ** 2))),
        rolling=float(np.sqrt(np.mean(misses[test] ** 2))),
        rest=replace(points, base=base[-1]).keep(last[0]),
        parameters=solution.parameters[-1],
    )


def miss(law: Law, x: Array, log_y: Array, censored: Flags, parameters: Array) -> Array:
    """Return log y − log ŷ; below an upper limit a prediction is not wrong."""
    away = log_y - law.log_predict(x, parameters)
    return np.asarray(np.where(censored, np.minimum(away, 0.0), away))


def noise_draws(points: Points, spread: float, df: int, draws: int, seed: int) -> Array:
    """Return draws of the error of log ȳ at all points, (draws, n), the same for every law.

    From the clusters where they repeat; else independent with variance `spread`² at weight 1, t with `df`.
    """
    rng = generator(seed, "heldout")
    if repeated(points):
        return wild_noise(points, draws, rng)
    w = points.data().weights[0]
    return residual_noise(spread / np.sqrt(np.where(w > 0, w, np.inf)), df, draws, rng)


def drawn_errors(points: Points, law: Law, scores: Scores, split: tuple[Flags, Flags], noise: Array) -> Array:
    """Return the held-out error of a law under redrawn noise (draws, n), to first order in it, (draws,).

    The noise of the points that the law is fitted to moves its parameters, and so what it predicts.
    """
    train, test = split
    J = jacobian(law, points.x, scores.parameters)
    root = np.sqrt(scores.rest.data().weights[0])
    change = (noise[:, train] * root) @ np.linalg.pinv(root[:, None] * J[train]).T
    once = points.data()
    away = miss(law, points.x, once.log_y, once.censored, scores.parameters)[:, test]
    once = once.at_points(test)
    moved = away + noise[:, test] - change @ J[test].T
    moved = np.where(once.censored, np.minimum(moved, 0.0), moved)
    return np.asarray(np.sqrt(np.mean(moved**2, axis=1)))
