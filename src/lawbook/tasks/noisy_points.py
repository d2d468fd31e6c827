"""Noisy points: a few points whose targets get fresh noise at every step, so that the gradient never comes to rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask

_BLOCK = 64
"""Steps whose noise is drawn at once: to make a generator costs as much as many numbers."""


class NoisyPointsAxes(Axes):
    """Axes of the task noisy_points."""

    points: int = Field(
        8, ge=1, le=1 << 12, description="Points n; with a batch of as many a step takes each of them."
    )
    dimension: int = Field(1, ge=1, le=1 << 10, description="Inputs d.")
    noise: float = Field(
        0.1, ge=0, description="Standard deviation σ of what is added to the targets anew at each step."
    )


class NoisyPoints(StreamTask):
    """Regress on n points with x ~ N(0, 1) and y ~ N(0, 1), other ones for each seed, and labels y + σ ξ.

    A batch holds the points in an order of its own, again and again where it is larger. The test loss is the mean
    square of f(x) - y at the same points, without the noise.
    Source: Chen, Kunin, Yamamura & Ganguli 2023, arXiv:2306.04251, its network of two units.
    """

    axes = NoisyPointsAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("points", "dimension")

    def n_inputs(self, config: Config) -> int:
        """Return d."""
        return int(config["dimension"])

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def open(self, configs: Sequence[Config]) -> NoisyStream:
        """Return the examples of a stack of runs that share the number of points and of inputs."""
        return NoisyStream(configs)


class NoisyStream:
    """The points of R runs, and their noise: functions of (seed, step), shared by the runs of one seed."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._seeds = [config["seed"] for config in configs]
        self._noise = np.array([[config["noise"]] for config in configs], dtype=np.float32)
        self._batch = configs[0]["batch_size"]
        n, d = configs[0]["points"], configs[0]["dimension"]
        drawn = [generator(seed, "points").standard_normal((n, d + 1), np.float32) for seed in self._seeds]
        self._inputs, self._targets = np.stack(drawn)[..., :d], np.stack(drawn)[..., d]
        self._block_number, self._block = -1, (np.empty(0, np.int64), np.empty(0, np.float32))

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (R, B, d) and targets (R, B)."""
        block, place = divmod(step, _BLOCK)
        if block != self._block_number:
            self._block_number, self._block = block, self._drawn(block)
        positions, noise = (part[:, place] for part in self._block)
        runs = np.arange(len(self._seeds))[:, None]
        return self._inputs[runs, positions], self._targets[runs, positions] + self._noise * noise

    def _drawn(self, block: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the positions of points and the noise of some steps in a row, (R, steps, B) each."""
        n = self._targets.shape[1]
        passes = -(-self._batch // n)
        of_seed = {}
        for seed in dict.fromkeys(self._seeds):
            rng = generator(seed, "noise", block)
            keys = rng.random((_BLOCK, passes, n), np.float32)
            positions = keys.argsort(axis=2).reshape(_BLOCK, -1)[:, : self._batch]
            of_seed[seed] = positions, rng.standard_normal((_BLOCK, self._batch), np.float32)
        return (
            np.stack([of_seed[seed][0] for seed in self._seeds]),
            np.stack([of_seed[seed][1] for seed in self._seeds]),
        )

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean squared residual at the points, without noise."""
        residuals = predict(self._inputs)[..., 0].astype(np.float64) - self._targets
        return {("test", "loss"): np.square(residuals).mean(1)}


task = NoisyPoints()
