"""Perceptron of one hidden layer whose outputs are multiplied by numbers that the input brings.

Where these are the roots √w of weights, and the targets are multiplied by them, too, the squared error of each output
is weighted by w, for each example by its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor


class WeightedMLPAxes(Axes):
    """Axes of the weighted perceptron."""

    width: int = Field(50, ge=1, le=1 << 20, description="Units in the hidden layer.")


class WeightedMLP(TrainedModel):
    """f = (W h + c) ⊙ r with h = max(0, V x + b), for an input that is x and last of all r.

    All begin uniform in ±1/√fan_in, biases too, as PyTorch's linear layers.

    >>> WeightedMLP().n_params({"width": 50}, 34, 2)
    1752
    """

    axes = WeightedMLPAxes
    reads = frozenset({"weighted"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return weights (out, in) and biases (out,) of both layers; the inputs of the first are those of x."""
        width = config["width"]
        return {
            "weight_0": (width, n_inputs - n_outputs),
            "bias_0": (width,),
            "weight_1": (n_outputs, width),
            "bias_1": (n_outputs,),
        }

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles of the weights."""
        return {"weight_0": "input", "bias_0": "vector", "weight_1": "output", "bias_1": "vector"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the inputs of each layer."""
        return {"weight_0": n_inputs - n_outputs, "bias_0": 1, "weight_1": config["width"], "bias_1": 1}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 Σ in · out."""
        return 2 * int(config["width"]) * n_inputs

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each value that a layer puts out, and as many for its gradient."""
        return 8 * (int(config["width"]) + n_outputs) + 4 * n_inputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw weights and biases, tensor by tensor."""
        fans = {"0": n_inputs - n_outputs, "1": config["width"]}
        return {
            name: rng.uniform(-1.0, 1.0, shape) / np.sqrt(fans[name[-1]])
            for name, shape in self.shapes(config, n_inputs, n_outputs).items()
        }

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, out) of inputs (R, B, in + out)."""
        from lawbook.models._products import products

        last, second = weights["bias_1"].unsqueeze(-1), weights["weight_1"]
        factors = inputs[..., -second.shape[1] :]
        return products(last, second, _hidden(weights, inputs)).mT * factors

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return the hidden layer."""
        return {"hidden_1": _hidden(weights, inputs).mT}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield regressions by narrow and wide networks on bits, with a factor for each output of each example."""
        for width in (2, 17, 50):
            bits, factors = rng.integers(2, size=(3, 32, 12)), rng.random((3, 32, 2))
            inputs = np.concatenate([bits, factors], axis=-1).astype(np.float32)
            yield Trial({"width": width}, 2, inputs, factors * rng.integers(2, size=(3, 32, 2)))


def _hidden(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
    """Return the hidden layer (R, width, B): products with few outputs are faster with the batch as the last axis."""
    from lawbook.models._products import products

    x = inputs[..., : weights["weight_0"].shape[2]].mT
    return products(weights["bias_0"].unsqueeze(-1), weights["weight_0"], x).relu()


model = WeightedMLP()
