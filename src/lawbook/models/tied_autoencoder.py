"""Tied autoencoder: a vector is taken to few numbers and back by the same weights, as in models of superposition."""

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


class TiedAutoencoderAxes(Axes):
    """Axes of the tied autoencoder."""

    width: int = Field(12, ge=1, le=1 << 16, description="Numbers m that a vector is taken to.")


class TiedAutoencoder(TrainedModel):
    """y = max(0, x W Wᵀ + b), W n × m. Row i of W begins as N(0, 1/m), so that its norm is near 1, and b as 0.

    Sources: Elhage et al. 2022, "Toy models of superposition", arXiv:2209.10652; Liu, Liu & Gore 2025,
    arXiv:2505.10465, whose b begins as N(0, 1).

    >>> TiedAutoencoder().n_params({"width": 12}, 512, 512)
    6656
    """

    axes = TiedAutoencoderAxes
    reads = frozenset({"vector"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return W (n, m) and b (n,). Raises AxisError unless there is an output for each input."""
        if n_inputs != n_outputs:
            problem = f"it gives its inputs back, and the task has {n_outputs} outputs for {n_inputs} inputs"
            raise AxisError("model", "tied_autoencoder", problem, "choose mlp, or the task sparse_features")
        return {"weight": (n_inputs, config["width"]), "bias": (n_inputs,)}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return that the weight reads the inputs; the same writes the outputs."""
        return {"weight": "input", "bias": "vector"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the number of inputs."""
        return {"weight": n_inputs, "bias": 1}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 n m: there and back."""
        return 4 * n_inputs * int(config["width"])

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 4 bytes for each number in the middle, and 16 for each input."""
        return 4 * int(config["width"]) + 16 * n_inputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Draw the rows of W; b is 0."""
        width = config["width"]
        rows = rng.normal(0.0, 1 / np.sqrt(width), (n_inputs, width))
        return {"weight": rows, "bias": np.zeros(n_inputs)}

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return y (R, B, n) of inputs x (R, B, n)."""
        from lawbook.models._products import products

        weight, bias = weights["weight"], weights["bias"].unsqueeze(-1)
        return products(bias, weight, _hidden(weights, inputs)).mT.relu()

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return x W, (R, B, m)."""
        return {"hidden_1": _hidden(weights, inputs).mT}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield few and many features in narrow and wide middles."""
        for features, width in ((3, 1), (12, 5), (64, 16), (130, 7)):
            inputs = rng.random((3, 8, features)).astype(np.float32)
            yield Trial({"width": width}, features, inputs, rng.random(inputs.shape))


def _hidden(weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
    """Return Wᵀ xᵀ, (R, m, B): examples last, as in the perceptron, of which a stack gives the same bits."""
    from lawbook.models._products import products

    return products(None, weights["weight"].mT, inputs.flatten(2).mT)


model = TiedAutoencoder()
