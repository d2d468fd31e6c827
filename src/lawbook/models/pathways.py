"""Two deep linear pathways: the sum of two products of matrices, each of which reads half of the inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.models import Role, Shapes, TrainedModel, Trial

if TYPE_CHECKING:
    from torch import Tensor

PATHWAYS = ("a", "b")


class PathwaysAxes(Axes):
    """Axes of the pathways."""

    width: int = Field(16, ge=1, le=1 << 16, description="Units in each hidden layer of a pathway.")
    layers: int = Field(2, ge=1, le=64, description="Matrices L in the product that a pathway is.")
    start: Literal["random", "aligned"] = Field(
        "random",
        description="Initial weights: normal numbers, or diagonal matrices, aligned with a target that is diagonal.",
    )
    start_strength: float = Field(
        0.01,
        gt=0,
        description="Strength of a mode in either pathway before training, a_0: exactly, or the scale of it.",
    )


class Pathways(TrainedModel):
    """f(x_a, x_b) = A_L ⋯ A_1 x_a + B_L ⋯ B_1 x_b, with weights at the start as those of `deep_linear`."""

    axes = PathwaysAxes
    reads = frozenset({"pathways"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one matrix (out, in) a layer and pathway. Raises AxisError where aligned modes do not fit."""
        narrowest = min(n_inputs // 2, n_outputs)
        if config["start"] == "aligned" and config["layers"] > 1 and config["width"] < narrowest:
            problem = f"the {narrowest} modes do not fit into so few units"
            raise AxisError(
                "width", config["width"], problem, f"write at least {narrowest}, or start: random"
            )
        sizes = [n_inputs // 2, *[config["width"]] * (config["layers"] - 1), n_outputs]
        return {f"{of}_{i}": (sizes[i + 1], sizes[i]) for of in PATHWAYS for i in range(config["layers"])}

    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the first matrices as input, the last as output, the others as hidden; a single one as output."""
        last = config["layers"] - 1
        roles: dict[str, Role] = {}
        for of in PATHWAYS:
            for i in range(config["layers"]):
                roles[f"{of}_{i}"] = "output" if i == last else "input" if i == 0 else "hidden"
        return roles

    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return the columns of each matrix."""
        return {name: shape[1] for name, shape in self.shapes(config, n_inputs, n_outputs).items()}

    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 2 Σ in · out."""
        return 2 * self.n_params(config, n_inputs, n_outputs)

    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return 8 bytes for each value that a layer puts out, and 4 for each input."""
        return 16 * int(config["width"] * (config["layers"] - 1) + n_outputs) + 4 * n_inputs

    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Return the weights of `start`, layer by layer, of pathway a and then of b."""
        scale = config["start_strength"] ** (1 / config["layers"])
        shapes = self.shapes(config, n_inputs, n_outputs)
        if config["start"] == "aligned":
            return {name: scale * np.eye(shape[0], shape[1]) for name, shape in shapes.items()}
        return {name: rng.normal(0.0, scale / np.sqrt(shape[1]), shape) for name, shape in shapes.items()}

    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, out) of inputs (R, B, in), those of pathway a first."""
        of_a, of_b = ([*_layers(config, weights, inputs, of)][-1] for of in PATHWAYS)
        return of_a + of_b

    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return what each hidden layer puts out, (R, B, 2 width), pathway a first."""
        import torch

        layers = zip(*([*_layers(config, weights, inputs, of)][:-1] for of in PATHWAYS), strict=True)
        return {f"hidden_{i}": torch.cat(values, dim=-1) for i, values in enumerate(layers, 1)}

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield narrow and wide regressions of two and three layers."""
        for width, layers in ((2, 2), (3, 3), (17, 2), (64, 3)):
            config = self.axes.defaults() | {"width": width, "layers": layers, "start_strength": 1.0}
            inputs = rng.normal(size=(3, 8, 12)).astype(np.float32)
            yield Trial(config, 5, inputs, rng.normal(size=(3, 8, 5)))


def _layers(config: Config, weights: Mapping[str, Tensor], inputs: Tensor, of: str) -> Iterator[Tensor]:
    """Yield what each layer of a pathway puts out, (R, B, features); the products are those of the perceptron."""
    from lawbook.models._products import products

    half = inputs.shape[-1] // 2
    place = PATHWAYS.index(of) * half
    values = inputs[..., place : place + half].mT
    for i in range(config["layers"]):
        values = products(None, weights[f"{of}_{i}"], values)
        yield values.mT


model = Pathways()
