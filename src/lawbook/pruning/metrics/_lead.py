"""The lead of the label, which several metrics follow."""

from __future__ import annotations

import numpy as np

from lawbook.pruning.metrics import Floats, Scores


def lead(probabilities: Floats, labels: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Scores:
    """Return p_y - max_{j≠y} p_j for probabilities (..., n, classes) and labels (n,): (..., n), between -1 and 1.

    >>> lead(np.array([[0.7, 0.2, 0.1], [0.7, 0.2, 0.1]]), np.array([0, 1])).round(2).tolist()
    [0.5, -0.5]
    """
    rows = np.arange(len(labels))
    others = np.array(probabilities, dtype=np.float64)
    own = others[..., rows, labels].copy()
    others[..., rows, labels] = -np.inf
    return np.asarray(own - others.max(axis=-1), dtype=np.float64)
