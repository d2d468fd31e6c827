r"""Features that are seldom on, in fewer dimensions: what is lost without superposition, and how they must overlap.

Feature i of n is on with the probability p_i ∝ i^-(1+α), Σ p_i = 1, and then has a value uniform in [0, 2], whose mean
square is 4/3. A model that keeps the m most frequent ones apart and no others loses

    L = 4/3 Σ_{k>m} p_k,

summed over features. n unit vectors in m dimensions have squared overlaps whose mean over pairs is at least

    (n/m - 1) / (n - 1),

Welch's bound, reached by tight frames; of random directions it is 1/m.

Sources: Liu, Liu & Gore 2025, arXiv:2505.10465 (the model and the loss); Welch 1974, "Lower bounds on the maximum cross
correlation of signals", k = 1 (the bound).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEAN_SQUARE = 4.0 / 3.0
"""E v² of a value v uniform in [0, 2]."""


def probabilities(features: int, alpha: float) -> Floats:
    """Compute p_i ∝ i^-(1+α), the probability that a feature is on, (n,); they sum to 1.

    >>> probabilities(2, 0.0).round(4).tolist()
    [0.6667, 0.3333]
    """
    each = np.arange(1, features + 1, dtype=np.float64) ** -(1.0 + alpha)
    return np.asarray(each / each.sum())


def dropped_loss(features: int, kept: int, alpha: float) -> float:
    """Compute 4/3 Σ_{k>m} p_k: the squared error of a model that keeps m features exactly and gives 0 for the others.

    >>> round(dropped_loss(4, 1, -1.0), 4)
    1.0
    """
    return float(MEAN_SQUARE * probabilities(features, alpha)[kept:].sum())


def welch_bound(features: int, dimension: int) -> float:
    """Compute (n/m - 1) / (n - 1), the least mean squared overlap of n unit vectors in m dimensions; 0 where they fit.

    >>> welch_bound(3, 2), welch_bound(2, 4)
    (0.25, 0.0)
    """
    return max(0.0, (features / dimension - 1) / (features - 1))


def exact_curve(runs: pd.DataFrame, x: str, y: str) -> pd.Series:
    """Compute `test_loss` without superposition, or of `squared_overlap` Welch's bound; null for another y."""
    exact = pd.Series(np.nan, index=runs.index, dtype=float)
    for at, row in zip(runs.index, runs.to_dict("records"), strict=True):
        if row["task"] != "sparse_features" or row["model"] != "tied_autoencoder":
            continue
        features, width = int(row["features"]), int(row["width"])
        if y == "test_loss":
            exact[at] = dropped_loss(features, width, row["alpha"])
        elif y == "squared_overlap":
            exact[at] = welch_bound(features, width)
    return exact
