"""Two classes told apart by a teacher's hyperplane, with a margin of any density: the task of the one-third law.

x = uT + x_⊥ with x_⊥ standard normal and |u| of density ∝ m^χ e^{-m²/2}; the class is the sign of u, or drawn with
P(+1) = σ(βu). `lawbook.theory.margin_density` has the flow of a linear model's logistic loss, and the sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask
from lawbook.theory.margin_density import loss


class MarginDensityAxes(Axes):
    """Axes of the task margin_density."""

    dimension: int = Field(8, ge=2, le=1 << 12, description="Inputs d.")
    margin_exponent: float = Field(
        0.0, gt=-1, le=16, description="χ of the margin's density ∝ m^χ e^{-m²/2}; 0 for Gaussian inputs."
    )
    teacher_scale: Annotated[float | None, Neutral(None)] = Field(
        None, gt=0, description="β of labels drawn with P(+1) = σ(βu); none: the sign of u."
    )


class MarginDensity(StreamTask):
    """Learn the teacher's classes, each example seen once; the test loss is the population's, above its least.

    An example and its class y = ±1 come as yx, which the model is to make positive: to a linear one without intercept
    it is the same.
    """

    axes = MarginDensityAxes
    inputs = "copies"
    loss = "logistic"
    shape_axes = ("dimension",)

    def n_inputs(self, config: Config) -> int:
        """Return d."""
        return int(config["dimension"])

    def n_outputs(self, config: Config) -> int:
        """Return one output."""
        return 1

    def check(self, config: Config) -> None:
        """Raise AxisError for another loss, or outputs that are not the model's own: neither is integrated."""
        for axis, known in (("loss", (None, "logistic")), ("output_multiplier", (1.0,))):
            if config[axis] not in known:
                problem = "the loss that is integrated is the logistic one of the outputs as they are"
                raise AxisError(axis, config[axis], problem, "leave it out")

    def open(self, configs: Sequence[Config]) -> MarginStream:
        """Return the examples of a stack of runs that share dimension, copies and batch size."""
        return MarginStream(configs)


class MarginStream:
    """The examples of R runs with K copies: functions of (seed, step), shared by the runs of one seed."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._configs, config = configs, configs[0]
        self._copies = config["copies"]
        self._shape = (self._copies * config["batch_size"], config["dimension"])

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return inputs yx (R, K·B, d) and targets (R, K·B), all 0, the one class; T is the first direction.

        The sign of y u is +1 where the class is the teacher's, and x_⊥ is as likely as -x_⊥.
        """
        inputs = np.empty((len(self._configs), *self._shape), dtype=np.float32)
        across: dict[int, NDArray[np.float32]] = {}
        along: dict[tuple[int, float, float | None], NDArray[np.float32]] = {}
        for run, config in enumerate(self._configs):
            seed, chi, scale = (config[axis] for axis in ("seed", "margin_exponent", "teacher_scale"))
            if seed not in across:
                shape = (self._shape[0], self._shape[1] - 1)
                across[seed] = generator(seed, "examples", step).standard_normal(shape, dtype=np.float32)
            if (seed, chi, scale) not in along:
                along[seed, chi, scale] = self._margins(seed, chi, scale, step)
            inputs[run, :, 1:], inputs[run, :, 0] = across[seed], along[seed, chi, scale]
        return inputs, np.zeros(inputs.shape[:-1], dtype=np.int64)

    def _margins(self, seed: int, chi: float, scale: float | None, step: int) -> NDArray[np.float32]:
        """Return y u of the examples of a step, (K·B,): m², halved, has a gamma distribution of shape (1 + χ)/2."""
        rng = generator(seed, "margins", step)
        m: NDArray[np.float32] = np.sqrt(
            2 * rng.standard_gamma((1 + chi) / 2, self._shape[0], dtype=np.float32)
        )
        if scale is None:
            return m
        wrong = rng.random(self._shape[0], dtype=np.float32) * (1 + np.exp(scale * m)) < 1
        return np.asarray(np.where(wrong, -m, m), dtype=np.float32)

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean over copies of the loss above its least.

        weights: `weight` (R, copies, d, 1), the θ of the model `linear`, where w = √K θ.
        """
        w = np.sqrt(self._copies) * weights["weight"][..., 0]
        along, across = w[..., 0], np.linalg.norm(w[..., 1:], axis=-1)
        found = [
            loss(a, b, config["margin_exponent"], config["teacher_scale"]).mean()
            for a, b, config in zip(along, across, self._configs, strict=True)
        ]
        return {("test", "loss"): np.array(found)}


task = MarginDensity()
