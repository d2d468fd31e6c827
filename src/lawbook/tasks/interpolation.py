"""A function on the flat torus [0, 1)^d, f(x) = Σ_i g(x_i) / √d, known without noise at some of its points.

`lawbook.theory.interpolation` has the functions g, and the exact errors of interpolation.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask
from lawbook.theory.interpolation import best_density, values

N_TEST = 4096


class InterpolationAxes(Axes):
    """Axes of the task interpolation."""

    dimension: int = Field(1, ge=1, le=16, description="Dimension d of the torus.")
    samples: int = Field(64, ge=2, le=1 << 20, description="Points at which the function is known.")
    target: Literal["wave", "bump", "kinks", "takagi"] = Field(
        "wave",
        description="The function g of one coordinate: a cosine, e^(4 cos 2πx), a polygon, or Takagi's function.",
    )
    design: Literal["random", "even", "best"] = Field(
        "random",
        description="Where the points lie: at random; in one dimension at equal distances, or for the bump with the "
        "density |f''|^(2/5), both shifted at random.",
    )


class Interpolation(PoolTask):
    """Predict f at new points, uniform over the torus. The test loss is the mean squared error there."""

    axes = InterpolationAxes
    inputs = "torus"
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

    def n_eval(self, config: Config) -> int:
        """Return the number of new points."""
        return N_TEST

    def check(self, config: Config) -> None:
        """Raise AxisError for points in order in several dimensions, and for the best ones of another function."""
        design = config["design"]
        if design != "random" and config["dimension"] > 1:
            problem = f"points are {design} in one dimension, not in {config['dimension']}"
            raise AxisError("design", design, problem, "choose random")
        if design == "best" and config["target"] != "bump":
            problem = f"the best points of {config['target']} are not known here"
            raise AxisError("design", design, problem, "choose even, or the target bump")

    def examples(self, config: Config) -> Examples:
        """Return the known points and behind them the new ones, x (n, d) and f(x) (n, 1)."""
        return _examples(*(config[axis] for axis in ("dimension", "samples", "target", "design", "seed")))

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the known points as the pool, and the new ones."""
        known = config["samples"]
        return {
            "pool": np.arange(known),
            "validation": np.arange(0),
            "test": np.arange(known, known + N_TEST),
        }


def knots(samples: int, design: str, shift: float) -> NDArray[np.float64]:
    """Return the places of points in order in one dimension, (samples,), shifted by a part of their distance."""
    quantiles = (np.arange(samples) + shift) / samples
    if design == "even":
        return quantiles
    middles, density = best_density()
    share = np.cumsum(density) / density.sum()
    places = np.append(0.0, middles + 0.5 / len(middles))
    return np.asarray(np.interp(quantiles, np.append(0.0, share), places))


@lru_cache(maxsize=2)
def _examples(dimension: int, samples: int, target: str, design: str, seed: int) -> Examples:
    rng = generator(seed, "examples")
    ordered = design != "random"
    known = knots(samples, design, rng.random())[:, None] if ordered else rng.random((samples, dimension))
    new = generator(seed, "test").random((N_TEST, dimension))
    inputs = np.concatenate([known, new]).astype(np.float32)
    return Examples(inputs, values(target, inputs).sum(axis=1, keepdims=True) / np.sqrt(dimension))


task = Interpolation()
