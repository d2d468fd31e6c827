"""Scaled modes: a linear map of several singular values, to be learned from white inputs of any scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask


class ScaledModesAxes(Axes):
    """Axes of the scaled modes."""

    n_modes: int = Field(8, ge=1, le=1024, description="Modes K: inputs, outputs and singular values.")
    strength: Annotated[float, Neutral(1.0)] = Field(1.0, gt=0, description="Largest singular value, s_1.")
    decay: Annotated[float, Neutral(1.0)] = Field(
        1.0, ge=0, description="Exponent of the singular values: s_k = s_1 k^-decay."
    )
    input_scale: Annotated[float, Neutral(1.0)] = Field(
        1.0, gt=0, description="Scale κ of the white inputs: the mean of x xᵀ is κ² I."
    )


class ScaledModes(StreamTask):
    """y = M x with M = s diag(k^-decay), and examples x = ±κ √K e_k, of which a batch has each mode equally often.

    So a batch has the second moments κ² I of the population exactly, to the last bit, and a step is one of full-batch
    descent; order and signs alone are drawn anew at each step. Of a linear network with the product W the loss is
    κ² ‖W - M‖², that of `linear_modes` at κ = 1; there all runs of a stack share their inputs, as those of several κ
    cannot. With s and κ a rate, a decay and an initial scale can be rescaled so that the loss is the same but for
    s²κ²: under gradient descent η ~ 1/(sκ²), λ ~ sκ² and σ ~ √s.
    """

    axes = ScaledModesAxes
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

    def check(self, config: Config) -> None:
        """Raise AxisError for a batch that is not white, or a loss whose population mean is not known."""
        modes, batch_size = config["n_modes"], config["batch_size"]
        if batch_size % modes:
            problem = f"a batch is white only if it has each of the {modes} modes equally often"
            raise AxisError("batch_size", batch_size, problem, f"write {modes}, or a multiple of it")
        if config["loss"] not in (None, "squared_error"):
            raise AxisError(
                "loss", config["loss"], "the squared error alone is known exactly", "leave it out"
            )

    def open(self, configs: Sequence[Config]) -> WhiteStream:
        """Return the examples of a stack of runs that share their number of modes."""
        return WhiteStream(configs)


class WhiteStream:
    """The examples of R runs: functions of (seed, step), shared by the runs of one seed up to their scales."""

    def __init__(self, configs: Sequence[Config]) -> None:
        config = configs[0]
        self._modes, self._passes = config["n_modes"], config["batch_size"] // config["n_modes"]
        self._runs_of_seed: dict[int, list[int]] = {}
        for run, one in enumerate(configs):
            self._runs_of_seed.setdefault(one["seed"], []).append(run)
        self._scale = np.array([one["input_scale"] for one in configs])
        self._target = np.stack(
            [singular_values(self._modes, one["strength"], one["decay"]) for one in configs]
        )

    def batch(self, step: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return inputs (R, B, K) and targets (R, B, K): in each K examples all modes, in an order drawn anew."""
        inputs = np.empty((len(self._scale), self._modes * self._passes, self._modes))
        for seed, runs in self._runs_of_seed.items():
            rng = generator(seed, "examples", step)
            modes = rng.permuted(np.tile(np.arange(self._modes), (self._passes, 1)), axis=1).ravel()
            signs = rng.choice([-1.0, 1.0], len(modes))
            inputs[runs] = (np.sqrt(self._modes) * signs)[:, None] * np.eye(self._modes)[modes]
        inputs *= self._scale[:, None, None]
        return inputs, inputs * self._target[:, None, :]

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean over all examples, ±κ √K e_k, of what is missed, summed over the outputs."""
        both = np.sqrt(self._modes) * np.vstack([np.eye(self._modes), -np.eye(self._modes)])
        inputs = self._scale[:, None, None] * both
        missed = predict(inputs).astype(np.float64) - inputs * self._target[:, None, :]
        return {("test", "loss"): np.square(missed).sum(axis=2).mean(axis=1)}


def singular_values(n_modes: int, strength: float, decay: float) -> NDArray[np.float64]:
    """Return s_k = s_1 k^-decay, (K,)."""
    return strength * np.arange(1, n_modes + 1, dtype=np.float64) ** -decay


task = ScaledModes()
