"""Do the points of one curve of a surface share their misses, as the checkpoints of one run do?"""

from __future__ import annotations

import numpy as np

from lawbook.laws.law import Array, Counts, Law
from lawbook.laws.model_comparison import linearised, noise_of
from lawbook.laws.note import Note, warning
from lawbook.laws.points import Points
from lawbook.laws.uncertainty import nested, repeated
from lawbook.laws.verdict import pattern_of

_CHANCE, _SMOOTH = 1e-3, 0.05
"""p below which the points of a curve are missed alike, and above which the curves' means follow no pattern."""
_LONG, _CURVES, _MOST = 5, 5, 400
"""A curve has at least so many points; there are at least so many curves; and at most so many points are looked at."""


def autocorrelated(points: Points, law: Law, parameters: Array) -> list[Note]:
    """Return the note that points along one input, at fixed others, are missed alike, and curves as they come.

    A miss of the law would run on from curve to curve; what does not is the curve's own. By the statistic of Durbin
    and Watson (1950, Biometrika 37:409) along each curve. Not where clusters tell what is independent.
    """
    n, d = points.x.shape
    linear = linearised(law, points, parameters)
    if d < 2 or n > _MOST or repeated(points) or nested(points) or linear.misfit <= noise_of(points).exact:
        return []
    for j, name in enumerate(points.inputs):
        _, curve, size = np.unique(
            np.delete(points.x, j, axis=1), axis=0, return_inverse=True, return_counts=True
        )
        curve = curve.reshape(-1)
        kept = size[curve] >= _LONG
        if 2 * kept.sum() < n or (size >= _LONG).sum() < _CURVES:
            continue
        r, tangent = linear.residuals[kept], linear.tangent[kept]
        along = pattern_of(r, tangent, _chains(curve[kept], points.x[kept, j]))
        _, at = np.unique(curve[kept], return_inverse=True)
        means = np.bincount(at, weights=r) / np.bincount(at)
        one, order = np.ones((len(means), 1)), np.arange(len(means), dtype=float)
        across = pattern_of(means - means.mean(), one, _chains(np.zeros(len(means), dtype=np.int64), order))
        if along.p * d < _CHANCE and across.p > _SMOOTH:
            text = (
                f"points along {name} are missed alike, curve by curve (p = {along.p * d:.1g}), as the checkpoints of"
                " one run are: intervals that take them for independent are too narrow; name the column that tells the"
                " runs apart (--cluster), or keep the last of each"
            )
            return [warning("autocorrelated", text, input=name, p=along.p * d)]
    return []


def _chains(curve: Counts, x: Array) -> Array:
    """Return the Laplacian (n, n) of the graph that links neighbours in x within each curve."""
    order = np.lexsort((x, curve))
    one, next_one = order[:-1], order[1:]
    same = curve[one] == curve[next_one]
    link = np.zeros((len(x), len(x)))
    link[one[same], next_one[same]] = link[next_one[same], one[same]] = 1.0
    return np.asarray(np.diag(link.sum(axis=1)) - link)
