"""Linear model: weighted sums of the inputs, without intercept, from zero; or many copies of it at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor


class LinearAxes(Axes):
    """Axes of the linear model."""

    copies: Annotated[int, Neutral(1)] = Field(
        1, ge=1, le=1 << 16, description="Models K trained side by side, each on examples of its own."
    )


class Linear(TrainedModel):
    """f(x) = x · W for one model, f(x) = √K x · Θ_c for the examples of copy c of K.

    With copies, the batch is cut into K equal parts, one for each. A run descends the mean loss of all its
    examples, in which a copy has the share 1/K. Under SGD, Θ = W/√K makes up for that: W moves exactly as if
    alone at the same learning rate. So a run of K copies gives K samples of a curve for one run's overhead.

    >>> Linear().n_params({"copies": 3}, 64, 1)
    192
    """

    axes = LinearAxes
    reads = frozenset({"vector", "image", "copies"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one weight (copies, in, out). Raises AxisError for copies with several outputs."""
        copies = config["copies"]
        if copies > 1 and n_outputs > 1:
            raise AxisError("copies", copies, "only a task with one output has copies", "leave it out")
        return {"weight": (copies, n_inputs, n_outputs)}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return that the weight writes the outputs."""
        return {"weight": "output"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the number of inputs."""
        return {"weight": n_inputs}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 · copies · in · out: a step takes one batch for each copy."""
        return 2 * int(config["copies"]) * n_inputs * n_outputs

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each input of each copy, and 8 for each output."""
        return int(config["copies"]) * (4 * n_inputs + 8 * n_outputs)

    def initial(
        self,
        config: Config,
        n_inputs: int,
        n_outputs: int,
        rng: np.random.Generator,
    ) -> dict[str, NDArray[np.float64]]:
        """Return zeros: the loss is convex, so that no symmetry needs breaking, and nothing is drawn."""
        return {name: np.zeros(shape) for name, shape in self.shapes(config, n_inputs, n_outputs).items()}

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, K·B, out) of inputs (R, K·B, in), the examples of each copy together."""
        from lawbook.models._products import products

        weight = math.sqrt(config["copies"]) * weights["weight"].flatten(0, 1)
        parts = inputs.flatten(2).unflatten(1, (config["copies"], -1)).flatten(0, 1)
        # Wᵀ·Xᵀ, whose gradient is a row of the inputs' sums, takes half of the time of X·W.
        return products(None, weight.mT, parts.mT).mT.reshape(*inputs.shape[:2], -1)

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return nothing: there is no hidden layer."""
        return {}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield regressions by one model and by several copies of it."""
        for copies, n_inputs in ((1, 3), (1, 64), (4, 16)):
            inputs = rng.normal(size=(3, 8 * copies, n_inputs)).astype(np.float32)
            yield Trial({"copies": copies}, 1, inputs, rng.normal(size=inputs.shape[:2]))


model = Linear()
