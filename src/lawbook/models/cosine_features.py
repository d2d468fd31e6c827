"""Least squares on random Fourier features: cosines of random waves, which come to the Gaussian kernel in number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.models._features import OfFeatures, ridge_weights
from lawbook.seeds import generator


class CosineFeaturesAxes(Axes):
    """Axes of random Fourier features."""

    features: int = Field(
        128, ge=1, le=1 << 14, description="Random features N, the trained numbers of each output."
    )
    length: float = Field(4.0, gt=0, description="Length ℓ of the Gaussian kernel, in units of the inputs.")
    ridge: float = Field(0.0, ge=0, description="Ridge δ beside the mean over features of φ φᵀ; 0 for none.")


class CosineFeatures(OfFeatures):
    """f(x) = Σ_j w_j φ_j(x) with φ_j(x) = √2 cos(ω_j·x + b_j), ω ~ N(0, 1/ℓ²), b uniform, w of ridge regression on φ.

    Without a ridge w is that of smallest norm, which interpolates where N ≥ n. The features of one seed are nested in
    N. As N grows the mean of φ_j(x) φ_j(x') comes to exp(-‖x - x'‖²/2ℓ²), and f to kernel ridge regression with the
    same δ. Source: Rahimi & Recht 2007, "Random features for large-scale kernel machines", algorithm 1.
    """

    axes = CosineFeaturesAxes

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return w as `output` (N, out), the waves ω (in, N) and their phases b (N,), for inputs (n, in)."""
        size = config["features"]
        waves = (
            generator(config["seed"], "waves").standard_normal((size, inputs.shape[1])).T / config["length"]
        )
        phases = np.asarray(generator(config["seed"], "phases").uniform(0.0, 2.0 * np.pi, size))
        output = ridge_weights(features(inputs, waves, phases), targets, config["ridge"])
        return {"output": output, "waves": waves, "phases": phases}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return φ(X) w, (n, out)."""
        return features(inputs, weights["waves"], weights["phases"]) @ weights["output"]


def features(
    inputs: NDArray[np.float64], waves: NDArray[np.float64], phases: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Compute φ(x) = √2 cos(ωᵀ x + b), (n, N), of inputs (n, in), waves (in, N) and phases (N,)."""
    return np.asarray(np.sqrt(2.0) * np.cos(inputs @ waves + phases))


model = CosineFeatures()
