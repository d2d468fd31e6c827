"""Linear modes: a linear map of several singular values, to be learned from whitened inputs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.tasks import Examples, PoolTask


class LinearModesAxes(Axes):
    """Axes of the linear modes."""

    samples: int = Field(8, ge=1, description="Examples D: as many as there are modes.")
    n_modes: int = Field(8, ge=1, le=1024, description="Modes K: inputs, outputs and singular values.")
    strength: Annotated[float, Neutral(1.0)] = Field(1.0, gt=0, description="Largest singular value, s_1.")
    decay: Annotated[float, Neutral(1.0)] = Field(
        1.0, ge=0, description="Exponent of the singular values: s_k = s_1 k^-decay."
    )


class LinearModes(PoolTask):
    """y_k = s_k x_k, with as many examples as modes, x_i = √K e_i, so that Σ x xᵀ / n = I exactly.

    In another basis of inputs or outputs a network whose weights begin alike in all directions learns the same. The
    examples have the second moments of the whole population: its loss, the test loss, is the training loss.

    Source: Saxe, McClelland and Ganguli 2014 (arXiv:1312.6120).
    """

    axes = LinearModesAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("n_modes",)

    def n_inputs(self, config: Config) -> int:
        """Return the number of modes."""
        return int(config["n_modes"])

    def n_outputs(self, config: Config) -> int:
        """Return the number of modes."""
        return int(config["n_modes"])

    def n_eval(self, config: Config) -> None:
        """Return None: the test loss is the population's."""
        return

    def n_pool(self, config: Config) -> int:
        """Return the number of modes."""
        return int(config["n_modes"])

    def check(self, config: Config) -> None:
        """Raise AxisError unless all examples are taken: fewer would not be white."""
        if config["samples"] != config["n_modes"]:
            problem = f"the inputs are white only if all {config['n_modes']} examples are taken"
            raise AxisError("samples", config["samples"], problem, "write as many samples as n_modes")

    def examples(self, config: Config) -> Examples:
        """Return the inputs √K I and the targets √K diag(s)."""
        return _examples(config["n_modes"], config["strength"], config["decay"])

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return all examples as pool and as test split, and none for validation."""
        everything = np.arange(config["n_modes"])
        return {"pool": everything, "validation": everything[:0], "test": everything}


def singular_values(n_modes: int, strength: float, decay: float) -> NDArray[np.float64]:
    """Return s_k = s_1 k^-decay, (K,)."""
    return strength * np.arange(1, n_modes + 1, dtype=np.float64) ** -decay


@cache
def _inputs(n_modes: int) -> NDArray[np.float32]:
    return np.asarray(np.sqrt(n_modes) * np.eye(n_modes), dtype=np.float32)


@cache
def _examples(n_modes: int, strength: float, decay: float) -> Examples:
    inputs = _inputs(n_modes)
    return Examples(inputs, inputs * singular_values(n_modes, strength, decay))


task = LinearModes()
