"""Which points are held out: those that lie furthest in the direction of the target, whose inputs alone are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lawbook.laws.law import Array, Flags

_INSIDE = 0.5
"""A target nearer to the middle of the points, in standard deviations, has no direction."""


@dataclass(frozen=True)
class Folds:
    """Training and test points of the folds (F, n), the last one furthest out, their weights (F,), and the near points.

    `near` (n,) are the quarter of the points that lie nearest to the target.
    """

    train: Flags
    test: Flags
    weights: Array
    near: Flags


def folds(x: Array, target: Array | None) -> Folds:
    """Return the folds of points x (n, d) for a target (m, d), None for larger scales of every input.

    Points are ordered along the direction from the middle of the points to the middle of the target, in logarithms of
    positive inputs over their standard deviations: the last quarter is held out from the others, and with half the
    weight the third quarter from the first two. A target amid the points has no direction: the quarters are then those
    nearest to it.

    >>> folds(np.array([[1.0], [2.0], [4.0], [8.0]]), np.array([[64.0]])).test.astype(int).tolist()
    [[0, 0, 1, 0], [0, 0, 0, 1]]
    """
    seen = x if target is None else np.concatenate([x, target])
    positive = np.asarray((seen > 0).all(axis=0))
    middle, spread = _seen(x, positive).mean(axis=0), _seen(x, positive).std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z = (_seen(x, positive) - middle) / spread
    aim = (
        np.ones(z.shape[1]) if target is None else ((_seen(target, positive) - middle) / spread).mean(axis=0)
    )
    distance = np.linalg.norm(z - aim, axis=1)
    along = z @ aim if np.linalg.norm(aim) > _INSIDE else -distance
    rank = np.argsort(np.argsort(along, kind="stable"), kind="stable") / len(x)
    nearest = np.argsort(np.argsort(distance, kind="stable"), kind="stable") / len(x)
    return Folds(
        train=np.stack([rank < 0.5, rank < 0.75]),
        test=np.stack([(rank >= 0.5) & (rank < 0.75), rank >= 0.75]),
        weights=np.array([0.5, 1.0]),
        near=nearest < 0.25,
    )


def _seen(x: Array, positive: Flags) -> Array:
    return np.where(positive, np.log(np.where(positive, x, 1.0)), x)
