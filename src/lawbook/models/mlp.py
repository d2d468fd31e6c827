"""Multilayer perceptron: `depth` hidden layers of `width` rectified linear units."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial, vector_trial

if TYPE_CHECKING:
    from torch import Tensor


class MLPAxes(Axes):
    """Axes of the multilayer perceptron."""

    width: int = Field(64, ge=1, le=1 << 20, description="Units in each hidden layer.")
    depth: int = Field(1, ge=1, le=64, description="Number of hidden layers.")


class MLP(TrainedModel):
    """h_0 = x, h_l = max(0, W_l h_{l-1} + b_l), output W h_depth + b.

    Weights begin as N(0, 2 / fan_in) before a rectifier and N(0, 1 / fan_in) before the output, biases as 0
    (He et al. 2015, equation 10).

    >>> MLP().n_params({"width": 128, "depth": 1}, 64, 10)
    9610
    """

    axes = MLPAxes

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return weights (out, in) and biases (out,) from the input to the output."""
        return {
            f"{kind}_{layer}": shape
            for layer, (n_in, n_out) in enumerate(_layers(config, n_inputs, n_outputs))
            for kind, shape in (("weight", (n_out, n_in)), ("bias", (n_out,)))
        }

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles of the weights: the first reads the inputs, the last writes the outputs."""
        roles: dict[str, Role] = {}
        for layer in range(config["depth"] + 1):
            of_weight: Role = "input" if layer == 0 else "output" if layer == config["depth"] else "hidden"
            roles |= {f"weight_{layer}": of_weight, f"bias_{layer}": "vector"}
        return roles

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the inputs of each layer."""
        return {
            f"{kind}_{layer}": fan_in
            for layer, (n_in, _) in enumerate(_layers(config, n_inputs, n_outputs))
            for kind, fan_in in (("weight", n_in), ("bias", 1))
        }

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 Σ in · out."""
        return sum(2 * n_in * n_out for n_in, n_out in _layers(config, n_inputs, n_outputs))

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each value that a layer puts out, and as many for its gradient."""
        return 8 * sum(n_out for _, n_out in _layers(config, n_inputs, n_outputs)) + 4 * n_inputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw the weights, layer by layer; biases are 0."""
        layers = _layers(config, n_inputs, n_outputs)
        weights: dict[str, NDArray[np.float64]] = {}
        for layer, (n_in, n_out) in enumerate(layers):
            gain = 1.0 if layer == len(layers) - 1 else 2.0
            weights[f"weight_{layer}"] = rng.normal(0.0, np.sqrt(gain / n_in), (n_out, n_in))
            weights[f"bias_{layer}"] = np.zeros(n_out)
        return weights

    def forward(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the logits."""
        (last,) = deque(_hidden(config, weights, inputs), maxlen=1)
        return _product(weights, config["depth"], last).mT

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return h_1 to h_depth, (R, B, width) each."""
        hidden = _hidden(config, weights, inputs)
        return {f"hidden_{layer}": h.mT for layer, h in enumerate(hidden, start=1)}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide networks, of one to three hidden layers."""
        for width, depth in ((2, 1), (3, 2), (8, 1), (17, 3), (64, 1), (256, 2)):
            yield vector_trial({"width": width, "depth": depth}, 64, 10, rng)


def _hidden(config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Tensor]:
    """Yield h_1 to h_depth, (R, width, B) each.

    A product with few outputs is several times faster with the batch as its last axis. The rectifier works in
    place, since only its result is needed again.
    """
    hidden = inputs.mT
    for layer in range(config["depth"]):
        hidden = _product(weights, layer, hidden).relu_()
        yield hidden


def _product(weights: Mapping[str, Tensor], layer: int, hidden: Tensor) -> Tensor:
    from lawbook.models._products import products

    return products(weights[f"bias_{layer}"].unsqueeze(-1), weights[f"weight_{layer}"], hidden)


def _layers(config: Config, n_inputs: int, n_outputs: int) -> list[tuple[int, int]]:
    return list(pairwise([n_inputs, *[config["width"]] * config["depth"], n_outputs]))


model = MLP()
