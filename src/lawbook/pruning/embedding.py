"""A self-supervised embedding of a pool: what can be said of its examples without a label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VARIANCE = 0.95
"""Share of the variance that the components explain."""

LARGEST = 256
"""Components at most."""


def principal_components(inputs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the principal components (n, e) of inputs (n, d) that explain 95 % of their variance, at most 256.

    They are the code of the linear autoencoder with the least error (Baldi & Hornik 1989, Neural Networks 2:53),
    and need neither labels nor a network. Each direction points to where its largest component is positive, so
    that the same inputs give the same numbers.
    """
    centred = np.asarray(inputs, dtype=np.float64)
    centred = centred - centred.mean(axis=0)
    if len(centred) < centred.shape[1]:
        _, lengths, rows = np.linalg.svd(centred, full_matrices=False)
        variances, directions = lengths**2 / len(centred), rows.T
    else:
        variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
        variances, directions = np.maximum(variances[::-1], 0.0), directions[:, ::-1]
    explained = np.cumsum(variances) / max(variances.sum(), np.finfo(float).tiny)
    size = min(int(np.searchsorted(explained, VARIANCE)) + 1, LARGEST, len(variances))
    directions = directions[:, :size]
    largest = np.abs(directions).argmax(axis=0)
    return np.asarray(centred @ (directions * np.sign(directions[largest, np.arange(size)])))
