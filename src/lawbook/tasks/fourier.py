"""Regression on a random Fourier series in d dimensions, each example seen once: a target with detail at all scales.

x is uniform on [-½, ½]^d and y = Σ_m a_m √2 cos(2π k_m·x + φ_m), with whole frequencies k_m = round(κ_m u_m): u_m a
uniform direction, P(κ_m > κ) = κ^-s for κ ≥ 1, phases φ_m of 0 or π/2, and normal a_m with Σ a_m² = 1. The target is
one for all runs, so that seeds differ in their examples and weights alone. Source: Qiu et al. 2025,
arXiv:2507.02119, with d = 8, s = 2 and 10,000 terms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask

EXAMPLES = 4096
"""Examples of the test split, the same for all runs."""


class FourierAxes(Axes):
    """Axes of the Fourier series."""

    dimension: int = Field(8, ge=1, le=1024, description="Inputs d.")
    terms: int = Field(
        1000, ge=1, le=1 << 16, description="Terms of the series; each costs a cosine an example."
    )
    frequency_exponent: float = Field(
        2.0,
        gt=0,
        description="Decay s of the frequencies, P(κ > k) = k^-s: the smaller, the finer the detail.",
    )


class Fourier(StreamTask):
    """Regress on the values of one random Fourier series."""

    axes = FourierAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("dimension", "terms", "frequency_exponent")

    def n_inputs(self, config: Config) -> int:
        """Return d."""
        return int(config["dimension"])

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def open(self, configs: Sequence[Config]) -> FourierStream:
        """Return the examples of a stack of runs of one series."""
        return FourierStream(configs)


class FourierStream:
    """The examples of R runs: functions of (seed, step), shared by the runs of one seed."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._series = Series(configs[0])
        self._batch_size = configs[0]["batch_size"]
        self._seeds = [config["seed"] for config in configs]
        self._inputs, self._targets = self._series.draw(generator(0, "test"), EXAMPLES)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (R, B, d) and targets (R, B)."""
        drawn = {
            seed: self._series.draw(generator(seed, "examples", step), self._batch_size)
            for seed in dict.fromkeys(self._seeds)
        }
        inputs, targets = zip(*(drawn[seed] for seed in self._seeds), strict=True)
        return np.stack(inputs), np.stack(targets)

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean squared residual on the examples of the test split."""
        inputs = np.broadcast_to(self._inputs, (len(self._seeds), *self._inputs.shape))
        residuals = predict(np.ascontiguousarray(inputs))[..., 0].astype(np.float64) - self._targets
        return {("test", "loss"): np.mean(residuals**2, axis=1)}


class Series:
    """The series of a configuration, drawn from its axes and nothing else."""

    def __init__(self, config: Config) -> None:
        terms, self._dimension = config["terms"], config["dimension"]
        rng = generator(0, "series", terms, self._dimension)
        size = (1 - rng.random(terms)) ** (-1 / config["frequency_exponent"])
        direction = rng.standard_normal((terms, self._dimension))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        amplitude = rng.standard_normal(terms)
        self.frequencies = np.rint(size[:, None] * direction)
        self.amplitudes = np.sqrt(2) * amplitude / np.linalg.norm(amplitude)
        self.phases = rng.integers(0, 2, terms) * (np.pi / 2)
        self._waves = (2 * np.pi * self.frequencies.T).astype(np.float32)

    def draw(self, rng: np.random.Generator, n: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (n, d) and targets (n,)."""
        inputs = rng.random((n, self._dimension), dtype=np.float32) - np.float32(0.5)
        angles = inputs @ self._waves
        angles += self.phases.astype(np.float32)
        return inputs, np.cos(angles, out=angles) @ self.amplitudes.astype(np.float32)


task = Fourier()
