"""Isotropic linear regression: x ~ N(0, I_d), y = β·x + ξ with ξ ~ N(0, σ²), drawn anew for each seed.

`lawbook.theory.gaussian_regression` has the expected risk of least squares on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask

LARGEST_POOL = 1 << 27
"""Numbers in a pool's inputs: half a gigabyte in float32."""


class GaussianRegressionAxes(Axes):
    """Axes of the task gaussian_regression."""

    dimension: int = Field(200, ge=1, le=1 << 14, description="Inputs d.")
    samples: int = Field(400, ge=1, description="Training examples n.")
    signal: float = Field(1.0, ge=0, description="Norm r of the coefficients β, of uniform direction.")
    noise: float = Field(1.0, ge=0, description="Standard deviation σ of the label noise.")


class GaussianRegression(PoolTask):
    """Predict y from x. The test loss is the risk ‖w - β‖², the mean over new examples without their noise.

    Source: Hastie, Montanari, Rosset & Tibshirani 2022, arXiv:1903.08560, section 2.
    """

    axes = GaussianRegressionAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("dimension",)
    drawn = True

    def n_inputs(self, config: Config) -> int:
        """Return d, the dimension."""
        return int(config["dimension"])

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def n_eval(self, config: Config) -> None:
        """Return None: the test loss is the population's."""

    def check(self, config: Config) -> None:
        """Raise AxisError if the examples would not fit into memory."""
        if config["samples"] * config["dimension"] > LARGEST_POOL:
            problem = f"in {config['dimension']} dimensions these fill more than half a gigabyte"
            raise AxisError(
                "samples", config["samples"], problem, f"choose at most {LARGEST_POOL // config['dimension']}"
            )

    def examples(self, config: Config) -> Examples:
        """Return the training examples, x (n, d) and y (n, 1)."""
        return _examples(*(config[axis] for axis in ("dimension", "samples", "signal", "noise", "seed")))

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the whole pool; nothing is held out, since the risk is known."""
        none = np.arange(0)
        return {"pool": np.arange(config["samples"]), "validation": none, "test": none}

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return the loss ‖w - β‖² of weights w (d, 1)."""
        true = _coefficients(config["dimension"], config["signal"], config["seed"])
        return {"loss": float(np.square(weights["weight"][:, 0] - true).sum())}


def _coefficients(dimension: int, signal: float, seed: int) -> NDArray[np.float64]:
    direction = generator(seed, "coefficients").standard_normal(dimension)
    return signal * direction / np.linalg.norm(direction)


@lru_cache(maxsize=2)
def _examples(dimension: int, samples: int, signal: float, noise: float, seed: int) -> Examples:
    rng = generator(seed, "examples")
    inputs = rng.standard_normal((samples, dimension), dtype=np.float32)
    unexplained = noise * generator(seed, "noise").standard_normal(samples)
    targets = inputs @ _coefficients(dimension, signal, seed) + unexplained
    return Examples(inputs, targets[:, None])


task = GaussianRegression()
