"""Least squares near its best weights, where the noise of the batches alone keeps the loss up.

Inputs are x ~ N(0, diag λ) with λ_k = k^-a and y = w·x + ξ with ξ ~ N(0, σ²). Examples are fresh at every step, or each
batch is drawn anew from a set of n. `lawbook.theory.batch_noise` has the exact excess loss, and the sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask
from lawbook.theory.batch_noise import data_set, variances


class BatchNoiseAxes(Axes):
    """Axes of the task batch_noise."""

    dimension: int = Field(16, ge=1, le=1 << 12, description="Inputs d.")
    input_exponent: Annotated[float, Neutral(0.0)] = Field(
        0.0, ge=0, description="Decay a of the input variances, λ_k = k^-a; 0 for all alike."
    )
    noise_variance: float = Field(0.5, ge=0, description="Label noise σ².")
    start_distance: Annotated[float, Neutral(0.0)] = Field(
        0.0,
        ge=0,
        description="Distance of the best weights from those at the start, the same in each direction.",
    )
    samples: Annotated[int | None, Neutral(None)] = Field(
        None, ge=2, description="Examples n of a set that batches are drawn from anew; none: all are fresh."
    )
    replacement: Annotated[Literal["without", "with"], Neutral("without")] = Field(
        "without", description="Whether a batch drawn from a set may hold an example twice (`with`)."
    )


class BatchNoise(StreamTask):
    """Regress on Gaussian inputs; the test loss is the excess over the least loss, exact in the weights.

    Of fresh examples it is Σ_k λ_k (w_k - w*_k)², of a set of n the mean of ((w - w*)·x)² over them. The copies of a
    model, each with its own batches, share the set of a seed.
    """

    axes = BatchNoiseAxes
    inputs = "copies"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("dimension", "samples")

    def n_inputs(self, config: Config) -> int:
        """Return d."""
        return int(config["dimension"])

    def n_outputs(self, config: Config) -> int:
        """Return one real output."""
        return 1

    def check(self, config: Config) -> None:
        """Raise AxisError for what no excess is known of: another loss, outputs times a factor, too small a set."""
        for axis, known in (("loss", (None, "squared_error")), ("output_multiplier", (1.0,))):
            if config[axis] not in known:
                problem = "the loss that is known exactly is the squared error of the outputs as they are"
                raise AxisError(axis, config[axis], problem, "leave it out")
        samples = config["samples"]
        if samples is None:
            return
        if samples <= config["dimension"]:
            problem = f"{config['dimension']} weights fit so few examples without noise"
            raise AxisError("samples", samples, problem, f"choose more than {config['dimension']}")
        if config["replacement"] == "without" and config["batch_size"] > samples:
            problem = f"a batch holds {config['batch_size']} different ones"
            raise AxisError("samples", samples, problem, f"choose at least {config['batch_size']}")

    def open(self, configs: Sequence[Config]) -> NoisyStream:
        """Return the examples of a stack of runs that share dimension, samples, copies and batch size."""
        return NoisyStream(configs)


class NoisyStream:
    """The examples of R runs with K copies: functions of (seed, step), shared by the runs of one seed."""

    def __init__(self, configs: Sequence[Config]) -> None:
        config = configs[0]
        self._copies, self._batch, self._n = config["copies"], config["batch_size"], config["samples"]
        self._configs = configs
        dimension = int(config["dimension"])
        self._variances = np.array([variances(dimension, one["input_exponent"]) for one in configs])
        self._scale = np.sqrt(self._variances).astype(np.float32)
        self._target = np.array([[one["start_distance"] / np.sqrt(dimension)] * dimension for one in configs])
        self._deviation = np.sqrt([one["noise_variance"] for one in configs]).astype(np.float32)
        self._sets = [self._set(one) for one in configs] if self._n is not None else []

    def _set(self, config: Config) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the examples of a run: inputs (n, d) and residuals (n,)."""
        axes = ("dimension", "samples", "input_exponent", "noise_variance", "seed")
        inputs, residuals = data_set(*(config[axis] for axis in axes))
        return inputs.astype(np.float32), residuals.astype(np.float32)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (R, K·B, d) and targets (R, K·B), the examples of each copy together."""
        shape = (self._copies * self._batch, self._target.shape[1])
        inputs = np.empty((len(self._configs), *shape), dtype=np.float32)
        targets = np.empty(inputs.shape[:-1], dtype=np.float32)
        drawn: dict[tuple[int, str], Any] = {}
        for run, config in enumerate(self._configs):
            key = (config["seed"], config["replacement"])
            if key not in drawn:
                drawn[key] = self._draw(*key, step, shape)
            if self._n is None:
                fresh, noise = drawn[key]
                np.multiply(fresh, self._scale[run], out=inputs[run])
                np.multiply(noise, self._deviation[run], out=targets[run])
            else:
                x, r = self._sets[run]
                np.take(x, drawn[key], axis=0, out=inputs[run])
                np.take(r, drawn[key], out=targets[run])
            if config["start_distance"] > 0:
                targets[run] += inputs[run] @ self._target[run].astype(np.float32)
        return inputs, targets

    def _draw(self, seed: int, replacement: str, step: int, shape: tuple[int, int]) -> Any:
        """Return standard normal inputs and residuals of a step; or of a set the places of its examples, (K·B,)."""
        rng = generator(seed, "batches", step)
        if self._n is None:
            return rng.standard_normal(shape, dtype=np.float32), rng.standard_normal(shape[0], np.float32)
        if replacement == "with":
            return rng.integers(self._n, size=shape[0])
        if self._batch == self._n:
            return np.tile(np.arange(self._n), self._copies)
        # The places of the B smallest of n random numbers, in any order.
        keys = rng.random((self._copies, self._n), dtype=np.float32)
        return keys.argpartition(self._batch - 1, axis=1)[:, : self._batch].ravel()

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean excess over copies.

        weights: `weight` (R, copies, d, 1), the θ of the model `linear`, where w = √K θ.
        """
        error = np.sqrt(self._copies) * weights["weight"][..., 0] - self._target[:, None]
        if self._n is None:
            excess = (np.square(error).mean(axis=1) * self._variances).sum(axis=1)
        else:
            excess = np.array(
                [np.square(one @ inputs.T).mean() for one, (inputs, _) in zip(error, self._sets, strict=True)]
            )
        return {("test", "loss"): excess}


task = BatchNoise()
