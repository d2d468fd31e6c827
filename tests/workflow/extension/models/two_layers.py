"""A hidden layer of hyperbolic tangents, without biases."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.models import Role, Shapes, TrainedModel


class TwoLayersAxes(Axes):
    """Axes of the model."""

    width: int = Field(8, ge=2, description="Hidden units.")


class TwoLayers(TrainedModel):
    """f(x) = V tanh(W x)."""

    axes = TwoLayersAxes
    reads = frozenset({"vector"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return W (width, in) and V (out, width)."""
        return {"first": (config["width"], n_inputs), "second": (n_outputs, config["width"])}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> dict[str, Role]:
        """Return the role of each matrix."""
        return {"first": "input", "second": "output"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> dict[str, int]:
        """Return the columns of each matrix."""
        return {"first": n_inputs, "second": config["width"]}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 FLOPs a weight."""
        return 2 * self.n_params(config, n_inputs, n_outputs)

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes a number."""
        return 4 * (n_inputs + 2 * int(config["width"]) + n_outputs)

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Return normal numbers of variance 1 / fan_in."""
        shapes = self.shapes(config, n_inputs, n_outputs)
        return {name: rng.normal(0, shape[1] ** -0.5, shape) for name, shape in shapes.items()}

    def outputs(self, config: Config, weights: Mapping[str, Any], inputs: Any) -> Any:
        """Return the logits."""
        return self.activations(config, weights, inputs)["hidden_1"] @ weights["second"].mT

    def activations(self, config: Config, weights: Mapping[str, Any], inputs: Any) -> dict[str, Any]:
        """Return the hidden layer."""
        return {"hidden_1": (inputs @ weights["first"].mT).tanh()}


model = TwoLayers()
