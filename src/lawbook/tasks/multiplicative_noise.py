"""Modes whose target is drawn anew at every step: label noise that multiplies the weights of a deep network.

Each of K modes has x = ±1 and y = x (μ + ζ ξ) with ξ ~ N(0, 1). A diagonal network of two equal layers, a = u², then
moves by u ← u (1 + η (μ + ζ ξ - u²)): 0 is a point that no noise leaves, and near it u multiplies random numbers.
`lawbook.theory.multiplicative_noise` has what is exact of it.

Source: Chen, Kunin, Yamamura & Ganguli 2023, "Stochastic collapse", arXiv:2306.04251, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask
from lawbook.theory.multiplicative_noise import COLLAPSED


class MultiplicativeNoiseAxes(Axes):
    """Axes of the task multiplicative_noise."""

    modes: int = Field(256, ge=1, le=1 << 16, description="Independent modes K, repeats of one another.")
    drift: float = Field(0.1, gt=0, description="Mean μ of the target of every mode.")
    noise: float = Field(1.0, ge=0, description="Standard deviation ζ of the target.")


class MultiplicativeNoise(StreamTask):
    """Learn the mean of a noisy target, mode by mode: from each example the model reads all modes, and each apart.

    The test loss is the expected squared error of a mode, a mean over the modes; `collapsed` is the share of modes
    whose strength |a| is below 10⁻⁹, `log_strength` the mean of ln |a|, null where a mode is exactly 0.
    """

    axes = MultiplicativeNoiseAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("modes",)
    metrics = ("collapsed", "log_strength")

    def n_inputs(self, config: Config) -> int:
        """Return K, the number of modes."""
        return int(config["modes"])

    def n_outputs(self, config: Config) -> int:
        """Return K, the number of modes."""
        return int(config["modes"])

    def check(self, config: Config) -> None:
        """Raise AxisError for another loss, or outputs that are not the model's own: neither is known exactly."""
        for axis, known in (("loss", (None, "squared_error")), ("output_multiplier", (1.0,))):
            if config[axis] not in known:
                problem = "what is known exactly is the squared error of the outputs as they are"
                raise AxisError(axis, config[axis], problem, "leave it out")

    def open(self, configs: Sequence[Config]) -> NoisyModes:
        """Return the examples of a stack of runs that share the modes and the batch size."""
        return NoisyModes(configs)


class NoisyModes:
    """The examples of R runs: functions of (seed, step), shared by the runs of one seed."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._shape = (configs[0]["batch_size"], configs[0]["modes"])
        self._seeds = [config["seed"] for config in configs]
        self._drift, self._noise = (
            np.array([config[axis] for config in configs]).reshape(-1, 1, 1) for axis in ("drift", "noise")
        )

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return signs x (R, B, K) and targets y (R, B, K)."""
        drawn = {}
        for seed in dict.fromkeys(self._seeds):
            rng = generator(seed, "examples", step)
            drawn[seed] = (rng.standard_normal(self._shape), rng.integers(0, 2, self._shape, dtype=np.int8))
        noise = np.stack([drawn[seed][0] for seed in self._seeds])
        signs = (2 * np.stack([drawn[seed][1] for seed in self._seeds]) - 1).astype(np.float32)
        return signs, signs * (self._drift + self._noise * noise)

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return loss, share of collapsed modes and mean log strength, from the outputs for x = 1."""
        n_runs, modes = len(self._seeds), self._shape[1]
        strengths = predict(np.ones((n_runs, 1, modes), dtype=np.float32))[:, 0].astype(np.float64)
        excess = np.square(strengths - self._drift[:, 0]).mean(axis=1)
        with np.errstate(divide="ignore"):
            logs = np.log(np.abs(strengths)).mean(axis=1)
        return {
            ("test", "loss"): excess + np.square(self._noise[:, 0, 0]),
            ("test", "collapsed"): (np.abs(strengths) < COLLAPSED).mean(axis=1),
            ("test", "log_strength"): np.where(np.isfinite(logs), logs, np.nan),
        }


task = MultiplicativeNoise()
