"""Ridge regression on given features, as many as one chooses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.models import Shapes, SolvedModel
from lawbook.models.kernel_ridge import dual


class OfFeatures(SolvedModel):
    """A model that is solved for the weights of N features of the inputs, N its axis `features`."""

    reads = frozenset({"vector", "image"})
    targets = "real"

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return the weights of the features, (N, out)."""
        return {"output": (config["features"], n_outputs)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 2 n N in + 4 max(n, N) min(n, N)²: the features, and their singular values."""
        n, features = n_train, config["features"]
        return float(2.0 * n * features * n_inputs + 4.0 * max(n, features) * min(n, features) ** 2)


def ridge_weights(
    features: NDArray[np.float64], targets: NDArray[np.float64], ridge: float
) -> NDArray[np.float64]:
    """Compute w = φᵀ (φ φᵀ/N + δ)⁻¹ y / N, (N, out), of features φ (n, N) and targets (n, out).

    Without a ridge δ it is the w of smallest norm with the least squared error.
    """
    if ridge == 0.0:
        return np.asarray(np.linalg.lstsq(features, targets)[0], dtype=np.float64)
    size = features.shape[1]
    return np.asarray(features.T @ dual(features @ features.T / size, targets, ridge) / size)
