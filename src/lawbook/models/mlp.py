"""Multilayer perceptron: `depth` hidden layers of `width` units."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config, Neutral
from lawbook.models import Role, Shapes, TrainedModel, Trial, vector_trial

if TYPE_CHECKING:
    from torch import Tensor


Activation = Literal["relu", "tanh", "gelu", "square", "identity"]

GAINS = {"relu": 2.0, "tanh": 1.0, "gelu": 2.0, "square": 1.0 / 3.0, "identity": 1.0}
"""Variance of the initial weights before an activation, times their fan-in.

It keeps the size of normal inputs: E φ(z)² = 1 where z ~ N(0, gain), for relu, square and the identity; tanh and gelu
take that of the function which they are near.
"""


class MLPAxes(Axes):
    """Axes of the multilayer perceptron."""

    width: int = Field(
        64,
        ge=1,
        le=1 << 20,
        description="Units in each hidden layer; beyond 2 million parameters a model trains alone.",
    )
    depth: int = Field(1, ge=1, le=64, description="Number of hidden layers.")
    activation: Annotated[Activation, Neutral("relu")] = Field(
        "relu", description="What a hidden unit makes of its sum; `identity` is a deep linear network."
    )
    bias: Annotated[Literal["on", "off"], Neutral("on")] = Field(
        "on", description="Whether each layer adds a bias."
    )


class MLP(TrainedModel):
    """h_0 = x, h_l = φ(W_l h_{l-1} + b_l), output W h_depth + b.

    Weights begin as N(0, gain / fan_in), with the gain of `GAINS` before an activation (2 before a rectifier: He et
    al. 2015, equation 10) and 1 before the output; biases as 0. Images are read as vectors.

    >>> MLP().n_params({"width": 128, "depth": 1}, 64, 10)
    9610
    """

    axes = MLPAxes
    reads = frozenset({"vector", "image"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return weights (out, in) and biases (out,) from the input to the output."""
        return {
            f"{kind}_{layer}": shape
            for layer, (n_in, n_out) in enumerate(_layers(config, n_inputs, n_outputs))
            for kind, shape in (("weight", (n_out, n_in)), ("bias", (n_out,)))
            if kind == "weight" or _has_bias(config)
        }

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles of the weights: the first reads the inputs, the last writes the outputs."""
        roles: dict[str, Role] = {}
        for name, shape in self.shapes(config, n_inputs, n_outputs).items():
            roles[name] = "vector" if len(shape) == 1 else "hidden"
        return roles | {"weight_0": "input", f"weight_{config['depth']}": "output"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the inputs of each layer."""
        shapes = self.shapes(config, n_inputs, n_outputs)
        return {name: shape[1] if len(shape) == 2 else 1 for name, shape in shapes.items()}

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
            gain = 1.0 if layer == len(layers) - 1 else GAINS[config.get("activation", "relu")]
            weights[f"weight_{layer}"] = rng.normal(0.0, np.sqrt(gain / n_in), (n_out, n_in))
            if _has_bias(config):
                weights[f"bias_{layer}"] = np.zeros(n_out)
        return weights

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the logits."""
        (last,) = deque(_hidden(config, weights, inputs), maxlen=1)
        return _product(weights, config["depth"], last).mT

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return h_1 to h_depth, (R, B, width) each."""
        hidden = _hidden(config, weights, inputs)
        return {f"hidden_{layer}": h.mT for layer, h in enumerate(hidden, start=1)}

    def losses_and_gradients(
        self,
        config: Config,
        weights: Mapping[str, Tensor],
        inputs: Tensor,
        targets: Tensor,
        gradients: Mapping[str, Tensor],
    ) -> Tensor | None:
        """Return the mean cross-entropy of each run, (R,), and write its gradient, which comes of the same pass.

        None in mixed precision, which rounds the products that autograd sees; on a GPU; and where a batch, a layer or
        an input is a single number, whose products `products` has to compute.
        """
        from lawbook.models._mlp_losses import losses_and_gradients

        inputs = inputs.flatten(2)
        sizes = (*inputs.shape[1:], config["width"], weights[f"weight_{config['depth']}"].shape[1])
        if config["precision"] != "full" or inputs.is_cuda or 1 in sizes:
            return None
        activation = config.get("activation", "relu")
        return losses_and_gradients(activation, weights, inputs, targets, gradients)

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide networks, of one to three hidden layers, and one of each other activation."""
        for width, depth in ((2, 1), (3, 2), (8, 1), (17, 3), (64, 1), (256, 2)):
            yield vector_trial({"width": width, "depth": depth}, 64, 10, rng)
        for activation in ("tanh", "gelu", "square", "identity"):
            config = {"width": 17, "depth": 2, "activation": activation, "bias": "off"}
            yield vector_trial(config, 64, 10, rng)


def _hidden(config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Tensor]:
    """Yield h_1 to h_depth, (R, width, B) each.

    A product with few outputs is several times faster with the batch as its last axis.
    """
    from lawbook.models._activations import activated

    hidden = inputs.flatten(2).mT
    for layer in range(config["depth"]):
        hidden = activated(config.get("activation", "relu"), _product(weights, layer, hidden))
        yield hidden


def _product(weights: Mapping[str, Tensor], layer: int, hidden: Tensor) -> Tensor:
    from lawbook.models._products import products

    bias = weights.get(f"bias_{layer}")
    return products(None if bias is None else bias.unsqueeze(-1), weights[f"weight_{layer}"], hidden)


def _has_bias(config: Config) -> bool:
    return bool(config.get("bias", "on") == "on")


def _layers(config: Config, n_inputs: int, n_outputs: int) -> list[tuple[int, int]]:
    return list(pairwise([n_inputs, *[config["width"]] * config["depth"], n_outputs]))


model = MLP()
