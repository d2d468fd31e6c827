"""Residual perceptron: `depth` blocks that add to one stream, each times a factor that may fall with the depth."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial, vector_trial

if TYPE_CHECKING:
    from torch import Tensor

GAINS = {"relu": 2.0, "tanh": 1.0, "gelu": 2.0}
"""Variance of the initial weights before an activation, times their fan-in, as of the perceptron without residuals."""


class ResidualMLPAxes(Axes):
    """Axes of the residual perceptron."""

    width: int = Field(64, ge=1, le=1 << 14, description="Numbers in the stream, and units in each block.")
    depth: int = Field(2, ge=1, le=512, description="Number of blocks L.")
    branch_exponent: float = Field(
        0.0,
        ge=0,
        le=2,
        description="α of the factor (L₀/L)^α on each block: 0 for none, 1 for 1/L (CompleteP), 0.5 for 1/√L.",
    )
    base_depth: int = Field(
        1,
        ge=1,
        le=512,
        description="Depth L₀ at which the factor is 1: that of the model whose rate was tuned.",
    )
    activation: Literal["relu", "tanh", "gelu"] = Field(
        "gelu", description="What a hidden unit of a block makes of its sum."
    )


class ResidualMLP(TrainedModel):
    """x_0 = W x + b; x_l = x_{l-1} + (L₀/L)^α (V_l φ(U_l norm x_{l-1} + b_l) + c_l); output W' norm x_L + b'.

    V begins as 0, so that the stream of a network of any depth begins as x_0; U as N(0, gain / fan_in), with the gain
    of `GAINS`, W and W' as N(0, 1 / fan_in), biases as 0. norm takes the mean off and divides by the deviation,
    without gains. A step of Adam moves each V by about its rate, and x_L by L (L₀/L)^α times what one block does: the
    best rate should go as L^(α - 1), and stay where α = 1. Images are read as vectors.
    Source: Dey et al. 2025, "Don't be lazy: CompleteP enables compute-efficient deep transformers", arXiv:2505.01618,
    table 1, for α = 1 and 1/2.

    >>> ResidualMLP().n_params({"width": 16, "depth": 2}, 64, 10)
    2298
    """

    axes = ResidualMLPAxes
    reads = frozenset({"vector", "image"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return weights (in, out) and biases (out,) from the input to the output."""
        return {
            f"{name}{kind}": shape
            for name, n_in, n_out in _layers(config, n_inputs, n_outputs)
            for kind, shape in (("", (n_in, n_out)), ("_bias", (n_out,)))
        }

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the roles of the weights: the first reads the inputs, the last writes the outputs."""
        roles: dict[str, Role] = {}
        for name, shape in self.shapes(config, n_inputs, n_outputs).items():
            roles[name] = "vector" if len(shape) == 1 else "hidden"
        return roles | {"read": "input", "write": "output"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the inputs of each matrix."""
        shapes = self.shapes(config, n_inputs, n_outputs)
        return {name: shape[0] if len(shape) == 2 else 1 for name, shape in shapes.items()}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 Σ in · out."""
        return sum(2 * n_in * n_out for _, n_in, n_out in _layers(config, n_inputs, n_outputs))

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each of the numbers that a block puts out on its way, and for the inputs and outputs."""
        return int(4 * (n_inputs + 6 * config["depth"] * config["width"] + 3 * n_outputs))

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw the weights, layer by layer; biases and the last matrix of each block are 0."""
        weights: dict[str, NDArray[np.float64]] = {}
        for name, n_in, n_out in _layers(config, n_inputs, n_outputs):
            weights[f"{name}_bias"] = np.zeros(n_out)
            if name.startswith("contract"):
                weights[name] = np.zeros((n_in, n_out))
            else:
                gain = GAINS[config["activation"]] if name.startswith("expand") else 1.0
                weights[name] = rng.normal(0.0, np.sqrt(gain / n_in), (n_in, n_out))
        return {name: weights[name] for name in self.shapes(config, n_inputs, n_outputs)}

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the logits."""
        return _linear(weights, "write", self.features(config, weights, inputs))

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return x_1 to x_L, (R, B, width) each."""
        return {f"hidden_{layer}": x for layer, x in enumerate(_stream(config, weights, inputs), start=1)}

    def features(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return norm x_L, (R, B, width)."""
        (last,) = deque(_stream(config, weights, inputs), maxlen=1)
        return _norm(last)

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide networks of one to eight blocks, with the factor and without, of each activation."""
        of = self.axes.defaults()
        for width, depth, exponent, activation in (
            (4, 1, 0.0, "gelu"),
            (8, 8, 1.0, "relu"),
            (24, 3, 0.5, "tanh"),
        ):
            shape = {"width": width, "depth": depth, "branch_exponent": exponent, "activation": activation}
            yield vector_trial({**of, **shape}, 64, 10, rng)


def branch_factor(config: Config) -> float:
    """Return (L₀/L)^α, the factor on each block."""
    return float((config["base_depth"] / config["depth"]) ** config["branch_exponent"])


def _stream(config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Tensor]:
    """Yield x_1 to x_L, (R, B, width) each."""
    from lawbook.models._activations import activated

    factor, activation = branch_factor(config), config["activation"]
    x = _linear(weights, "read", inputs.flatten(2))
    for layer in range(config["depth"]):
        hidden = activated(activation, _linear(weights, f"expand_{layer}", _norm(x)))
        x = x + factor * _linear(weights, f"contract_{layer}", hidden)
        yield x


def _linear(weights: Mapping[str, Tensor], name: str, x: Tensor) -> Tensor:
    from lawbook.models._products import products

    return products(weights[f"{name}_bias"].unsqueeze(1), x, weights[name])


def _norm(x: Tensor) -> Tensor:
    from torch.nn.functional import layer_norm

    return layer_norm(x, x.shape[-1:])


def _layers(config: Config, n_inputs: int, n_outputs: int) -> list[tuple[str, int, int]]:
    """Return the name, inputs and outputs of each matrix, in the order in which they work."""
    d: int = config["width"]
    blocks = [
        (f"{part}_{layer}", d, d) for layer in range(config["depth"]) for part in ("expand", "contract")
    ]
    return [("read", n_inputs, d), *blocks, ("write", d, n_outputs)]


model = ResidualMLP()
