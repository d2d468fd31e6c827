"""Diagonal linear network: every output reads one input, through a product of weights of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor


class DiagonalAxes(Axes):
    """Axes of the diagonal network."""

    layers: int = Field(
        2, ge=1, le=64, description="Weights L in the product that an output is of its input."
    )
    start_strength: float = Field(
        0.01,
        ge=0,
        description="Strength a_0 of every mode before training. From 0 one weight learns, a product of several never.",
    )


class Diagonal(TrainedModel):
    """f(x)_k = w_{L,k} ⋯ w_{1,k} x_k, with the L weights of a mode equal at the start, a₀^{1/L}: they remain so.

    A deep linear network whose matrices and target are diagonal in one basis is this one, at the cost of its modes.
    """

    axes = DiagonalAxes
    reads = frozenset({"vector"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one row of weights a layer, (1, in). Raises AxisError unless there is an output for each input."""
        if n_inputs != n_outputs:
            problem = f"an output reads one input, and the task has {n_outputs} for {n_inputs}"
            raise AxisError(
                "model", "diagonal", problem, "choose deep_linear, or a task with as many of both"
            )
        return {f"weight_{i}": (1, n_inputs) for i in range(config["layers"])}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return that each weight writes outputs: none of them grows with the model."""
        return dict.fromkeys(self.shapes(config, n_inputs, n_outputs), "output")

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return 1 of each: no sum is taken."""
        return dict.fromkeys(self.shapes(config, n_inputs, n_outputs), 1)

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 · layers · in, a multiplication counted as the sum that it stands for."""
        return 2 * int(config["layers"]) * n_inputs

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each input, and 8 for each output."""
        return 4 * n_inputs + 8 * n_outputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Return a₀^{1/L} everywhere; nothing is drawn."""
        each = config["start_strength"] ** (1 / config["layers"])
        return {
            name: np.full(shape, each) for name, shape in self.shapes(config, n_inputs, n_outputs).items()
        }

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, out) of inputs (R, B, in), out = in."""
        product = weights["weight_0"]
        for i in range(1, config["layers"]):
            product = product * weights[f"weight_{i}"]
        return inputs.flatten(2) * product

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return nothing: the outputs are all that there is."""
        return {}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield regressions of one and of two layers."""
        for layers, n_inputs in ((1, 3), (2, 17)):
            inputs = rng.normal(size=(3, 8, n_inputs)).astype(np.float32)
            yield Trial(
                {"layers": layers, "start_strength": 0.5}, n_inputs, inputs, rng.normal(size=inputs.shape)
            )


model = Diagonal()
