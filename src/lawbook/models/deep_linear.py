"""Deep linear network: a product of matrices, which learns a linear map as a network of units without a threshold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor


class DeepLinearAxes(Axes):
    """Axes of the deep linear network."""

    width: int = Field(16, ge=1, le=1 << 16, description="Units in each hidden layer.")
    layers: Annotated[int, Neutral(2)] = Field(2, ge=2, le=64, description="Matrices L in the product.")
    start: Annotated[Literal["random", "aligned"], Neutral("random")] = Field(
        "random",
        description="Initial weights: normal numbers, or diagonal matrices, aligned with a target that is diagonal.",
    )
    start_strength: float = Field(
        0.01,
        gt=0,
        description="Strength of a mode before training, a_0: exactly, or of random weights the scale.",
    )


class DeepLinear(TrainedModel):
    """f(x) = W_L ⋯ W_1 x, with W_l = a₀^{1/L} I at the start (`aligned`), or N(0, a₀^{2/L} / fan_in) (`random`)."""

    axes = DeepLinearAxes
    reads = frozenset({"vector", "image"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one matrix (out, in) a layer. Raises AxisError where aligned modes do not fit."""
        narrowest = min(n_inputs, n_outputs)
        if config["start"] == "aligned" and config["width"] < narrowest:
            problem = f"the {narrowest} modes do not fit into so few units"
            raise AxisError(
                "width", config["width"], problem, f"write at least {narrowest}, or start: random"
            )
        sizes = [n_inputs, *[config["width"]] * (config["layers"] - 1), n_outputs]
        return {f"weight_{i}": (sizes[i + 1], sizes[i]) for i in range(config["layers"])}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> dict[str, Role]:
        """Return the first matrix as input, the last as output, the others as hidden."""
        first, *_, last = names = [f"weight_{i}" for i in range(config["layers"])]
        roles: dict[str, Role] = dict.fromkeys(names, "hidden")
        return roles | {first: "input", last: "output"}

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> dict[str, int]:
        """Return the columns of each matrix."""
        return {name: shape[1] for name, shape in self.shapes(config, n_inputs, n_outputs).items()}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 Σ in · out."""
        return 2 * self.n_params(config, n_inputs, n_outputs)

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 8 bytes for each value that a layer puts out, and 4 for each input."""
        return 8 * int(config["width"] * (config["layers"] - 1) + n_outputs) + 4 * n_inputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Return the weights of `start`, layer by layer."""
        scale = config["start_strength"] ** (1 / config["layers"])
        shapes = self.shapes(config, n_inputs, n_outputs)
        if config["start"] == "aligned":
            return {name: scale * np.eye(shape[0], shape[1]) for name, shape in shapes.items()}
        return {name: rng.normal(0.0, scale / np.sqrt(shape[1]), shape) for name, shape in shapes.items()}

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, out)."""
        *_, outputs = _layers(config, weights, inputs)
        return outputs

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return what each hidden layer puts out, (R, B, width)."""
        *hidden, _ = _layers(config, weights, inputs)
        return {f"hidden_{i}": values for i, values in enumerate(hidden, 1)}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide regressions of two and three layers."""
        for width, layers in ((2, 2), (3, 3), (17, 2), (64, 3)):
            config = self.axes.defaults() | {"width": width, "layers": layers, "start_strength": 1.0}
            inputs = rng.normal(size=(3, 8, 12)).astype(np.float32)
            yield Trial(config, 5, inputs, rng.normal(size=(3, 8, 5)))


def _layers(config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Iterator[Tensor]:
    """Yield what each layer puts out, (R, B, features); the products are those of the perceptron, weights first."""
    from lawbook.models._products import products

    values = inputs.mT
    for i in range(config["layers"]):
        values = products(None, weights[f"weight_{i}"], values)
        yield values.mT


model = DeepLinear()
