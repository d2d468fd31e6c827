"""A function on the flat torus or on the sphere that a group leaves as it is, known with noise at random points.

`lawbook.theory.invariance` has the exact error of kernel regression on it, with the kernel averaged over a group.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask
from lawbook.theory._harmonics import harmonics
from lawbook.theory.invariance import target_powers


class InvarianceAxes(Axes):
    """Axes of the task invariance."""

    manifold: Literal["torus", "sphere"] = Field(
        "torus",
        description="Where the points lie: the flat torus [0, 1)², or the unit sphere in 3 dimensions.",
    )
    samples: int = Field(256, ge=1, le=1 << 14, description="Training examples n.")
    cutoff: int = Field(
        14, ge=1, le=48, description="Largest frequency |k| of the torus, or degree l of the sphere."
    )
    symmetry: int = Field(
        4,
        ge=0,
        description="Order of the cyclic group that leaves the target as it is: shifts of the first coordinate by "
        "1/m, or turns about an axis by 1/m of a full one; 0 for all shifts or turns.",
    )
    target_exponent: float = Field(
        4.0, ge=0, description="b: a coefficient has the square (1 + level²)^(-b/2) over their sum."
    )
    noise: float = Field(1.0, ge=0, description="Standard deviation σ of the label noise; the target has 1.")
    draws: int = Field(
        1,
        ge=1,
        le=1024,
        description="Targets with their noise, drawn independently at the same points: the loss is the mean of theirs.",
    )


class Invariance(PoolTask):
    """Predict a random function of stated symmetry. The test loss is the mean squared error over all points.

    Its coefficients on the harmonics have fixed sizes and random signs, so that the loss is known from those of what
    was learned. Each of c draws is an output 1/√c as large, so that the sum of their squared errors is the mean loss.
    Source: Tahmasebi & Jegelka 2023, arXiv:2303.14269.
    """

    axes = InvarianceAxes
    inputs = "manifold"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("manifold", "cutoff")
    drawn = True

    def n_inputs(self, config: Config) -> int:
        """Return the coordinates of a point: 2 of the torus, 3 of the sphere."""
        return 2 if config["manifold"] == "torus" else 3

    def n_outputs(self, config: Config) -> int:
        """Return one real output for each draw."""
        return int(config["draws"])

    def n_eval(self, config: Config) -> None:
        """Return None: the test loss is the population's."""

    def examples(self, config: Config) -> Examples:
        """Return the training examples, x (n, 2) or (n, 3) and y (n, draws)."""
        names = ("manifold", "samples", "cutoff", "symmetry", "target_exponent", "noise", "draws", "seed")
        return _examples(*(config[name] for name in names))

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the whole pool; nothing is held out, since the loss is known."""
        none = np.arange(0)
        return {"pool": np.arange(config["samples"]), "validation": none, "test": none}

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return the loss ‖w - v‖² of weights w (K, draws) on the harmonics, v being the target's."""
        names = ("manifold", "cutoff", "symmetry", "target_exponent", "draws", "seed")
        true = _coefficients(*(config[name] for name in names))
        return {"loss": float(np.square(weights["weight"] - true).sum())}


def _coefficients(
    manifold: str, cutoff: int, symmetry: int, exponent: float, draws: int, seed: int
) -> NDArray[np.float64]:
    """Return v (K, draws)."""
    powers = target_powers(manifold, cutoff, exponent, symmetry) / draws
    signs = generator(seed, "coefficients").choice([-1.0, 1.0], (len(powers), draws))
    return np.asarray(signs * np.sqrt(powers)[:, None])


@lru_cache(maxsize=2)
def _examples(
    manifold: str,
    samples: int,
    cutoff: int,
    symmetry: int,
    exponent: float,
    noise: float,
    draws: int,
    seed: int,
) -> Examples:
    rng = generator(seed, "examples")
    if manifold == "torus":
        points = rng.random((samples, 2))
    else:
        normal = rng.standard_normal((samples, 3))
        points = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    inputs = points.astype(np.float32)
    true = _coefficients(manifold, cutoff, symmetry, exponent, draws, seed)
    known = true[:, 0] != 0.0
    clean = harmonics(manifold, cutoff, inputs.astype(np.float64), known) @ true[known]
    unexplained = noise / np.sqrt(draws) * generator(seed, "noise").standard_normal((samples, draws))
    return Examples(inputs, clean + unexplained)


task = Invariance()
