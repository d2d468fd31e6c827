"""Ridge regression on random linear features of the inputs: a size of its own, and a kernel as its limit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.models import Shapes
from lawbook.models._features import OfFeatures, ridge_weights
from lawbook.seeds import generator
from lawbook.theory.kernel_modes import SPECTRUM, spectrum, target_power
from lawbook.theory.random_features import least_error


class RandomFeaturesAxes(Axes):
    """Axes of random features."""

    features: int = Field(128, ge=1, le=1 << 14, description="Random features N, the trained numbers.")
    ridge: float = Field(0.0, ge=0, description="Ridge δ beside the mean over features of g gᵀ; 0 for none.")
    ridge_is: Literal["given", "best"] = Field(
        "given",
        description="`best`: the ridge of the least exact mean error, of a task whose spectrum is known.",
    )


class RandomFeatures(OfFeatures):
    """f(x) = Σ_j w_j g_j(x) with g = xᵀ F and F (in, N) of normal numbers, w of ridge regression on g.

    The features of one seed are nested in N. As N grows the mean of g_j(x) g_j(x') comes to x·x', and f to kernel ridge
    regression with the same δ. Source: Maloney, Roberts & Sully 2022, arXiv:2210.16859, section 2.
    """

    axes = RandomFeaturesAxes

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return the weights of the features, (N, out). Raises AxisError for a best ridge that is not known."""
        if config["ridge_is"] == "best" and not {*SPECTRUM} <= {*config}:
            problem = f"nothing is known of the spectrum of the task {config['task']}"
            raise AxisError("ridge_is", "best", problem, "write given, and choose a ridge")
        return super().shapes(config, n_inputs, n_outputs)

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return w as `output` (N, out) and the map F w as `weight` (in, out), for inputs (n, in)."""
        ridge = config["ridge"] if config["ridge_is"] == "given" else _best_ridge(config)
        size = (config["features"], inputs.shape[1])
        directions = generator(config["seed"], "features").standard_normal(size).T
        output = ridge_weights(inputs @ directions, targets, ridge)
        return {"output": output, "weight": directions @ output}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return X F w, (n, out)."""
        return inputs @ weights["weight"]


def _best_ridge(config: Config) -> float:
    axes = (config[axis] for axis in (*SPECTRUM, "target_mode"))
    return _least(*axes, config["samples"], config["features"], config["noise"] ** 2)


@cache
def _least(
    modes: int,
    a: float,
    b: float,
    dimension: int | None,
    mode: int | None,
    samples: int,
    features: int,
    noise: float,
) -> float:
    """Return the ridge of the least exact mean error, which all seeds share."""
    values, power = spectrum(modes, a, b, dimension)
    return least_error(values, target_power(power, mode), samples, features, noise)[1]


model = RandomFeatures()
