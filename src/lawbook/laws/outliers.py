"""Single rows that are unlike their repeats, or, where nothing repeats them, unlike the law of all other points."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtr

from lawbook.errors import listed
from lawbook.laws.law import Array, Counts, Law
from lawbook.laws.members import Members
from lawbook.laws.model_comparison import Linearised, linearised, noise_of
from lawbook.laws.note import Note, warning
from lawbook.laws.points import Points
from lawbook.laws.uncertainty import repeated

_FAR = 8.0
"""So many standard deviations from its repeats, as the other rows show them, and from its siblings' own, is a row."""
_CHANCE, _UNLIKE = 1e-3, 6.0
"""A point is unlike the law of the others if its t, with this probability over their number, is larger than so much."""
_GROSS = 0.05
"""Smallest difference in log y that is called so."""
_FEW = 20
"""At most one point in so many has an outlier: more are a distribution with heavy tails."""
_MAD = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation."""


def outliers(points: Points, law: Law, parameters: Array) -> list[Note]:
    """Return the note that names the rows unlike their repeats, or the points unlike the law at parameters (p,).

    Errors over test examples are left alone: how far they scatter depends on how few they are.
    """
    members = points.members
    if members is None or np.isfinite(points.limit).any():
        return []
    if (members.per_point > 1).any():
        away, rows = _among_repeats(members)
        what = "the median of its repeats" if len(rows) == 1 else "the median of their repeats"
    else:
        away, rows = np.zeros(0), np.zeros(0, dtype=np.int64)
    if not len(rows) and not repeated(points):
        away, at = _among_points(linearised(law, points, parameters), noise_of(points).exact)
        rows = np.concatenate(
            [np.flatnonzero(members.point == i) for i in at] or [np.zeros(0, dtype=np.int64)]
        )
        away = np.repeat(away, [int((members.point == i).sum()) for i in at])
        what = "the law of the others"
    if not len(rows) or len(set(members.point[rows])) > max(1, len(points.x) // _FEW):
        return []
    labels = members.label[rows].tolist()
    shown = listed(f"× {np.exp(each):.3g}" for each in away)
    text = f"row{'s' * (len(labels) > 1)} {listed(labels)}: {points.y} is {shown} {what}; look there, and correct the"
    text += " row or leave it out"
    return [warning("outlier", text, rows=labels, factors=np.exp(away).tolist())]


def _among_repeats(members: Members) -> tuple[Array, Counts]:
    """Return the log distance of the rows that are unlike their repeats from these, and which rows they are.

    A row is held against the median of the other rows of its point, in the spread that the rows of all points show
    robustly, and these other rows by themselves.
    """
    order = np.lexsort((members.log_y, members.point))  # NaN last
    order = order[np.isfinite(members.log_y[order])]
    log_y, point = members.log_y[order], members.point[order]
    size = np.bincount(point)[point]
    start = np.searchsorted(point, point)
    rank = np.arange(len(order)) - start

    def other(place: Counts) -> Array:
        """Return the other rows' log y of this rank among them, of each row."""
        place = np.minimum(start + place + (place >= rank), len(order) - 1)
        return np.asarray(log_y[place])

    several = size > 1
    away = np.where(several, log_y - (other((size - 2) // 2) + other((size - 1) // 2)) / 2, 0.0)
    rest = np.maximum(size - 1, 1)
    from_first = log_y - log_y[start]
    total, squares = (np.bincount(point, weights=part)[point] - part for part in (from_first, from_first**2))
    own = np.sqrt(np.maximum(squares / rest - (total / rest) ** 2, 0.0))
    seen = away[away != 0]
    if len(seen) < 4:
        return np.zeros(0), np.zeros(0, dtype=np.int64)
    spread = np.maximum(_MAD * float(np.median(np.abs(seen))), own)
    far = np.flatnonzero(several & (np.abs(away) > np.maximum(_FAR * spread, _GROSS)))
    far = far[np.argsort(order[far])]
    return away[far], order[far]


def _among_points(linear: Linearised, exact: float) -> tuple[Array, Counts]:
    """Return the log distance of the points that are unlike the law of the others from it, and which they are.

    By deleted residuals, Student's t with a degree less than the fit (Beckman and Trussell 1974, Journal of the
    American Statistical Association 69:199), the worst taken out in turn.
    """
    n = len(linear.residuals)
    left, away, found = np.ones(n, dtype=bool), [], []
    for _ in range(max(1, n // _FEW)):
        tangent, _ = np.linalg.qr(linear.tangent[left])
        r = linear.residuals[left] - tangent @ (tangent.T @ linear.residuals[left])
        df = int(left.sum()) - tangent.shape[1] - 1
        rest = np.clip(1 - np.sum(tangent**2, axis=1), 0.0, 1.0)
        free = rest > 1e-6
        if df < 2 or float(np.sum(r**2)) <= exact or not free.any():
            break
        with np.errstate(divide="ignore", invalid="ignore"):
            deleted = np.where(free, r / rest, 0.0)
            variance = (np.sum(r**2) - np.where(free, r**2 / rest, 0.0)) / df
            t = np.where(free, deleted * np.sqrt(rest) / np.sqrt(np.maximum(variance, exact / n)), 0.0)
        worst = int(np.argmax(np.abs(t)))
        size = abs(float(t[worst]))
        if size < _UNLIKE or 2 * stdtr(df, -size) * n > _CHANCE or abs(deleted[worst]) < _GROSS:
            break
        at = int(np.flatnonzero(left)[worst])
        found.append(at)
        away.append(float(deleted[worst]))
        left[at] = False
    return np.array(away), np.array(found, dtype=np.int64)
