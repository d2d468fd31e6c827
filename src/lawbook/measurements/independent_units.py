"""Independent units: hidden units with weights of their own, neither vanished nor equal to those of another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.axes import AxisError, Config
from lawbook.measurements import At, Column, Measurement
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class IndependentUnits(Measurement):
    """Share of all hidden units that have not collapsed upon zero or upon another unit of their layer.

    A unit is the vector w of the weights into it, its bias, and the weights out of it. It has vanished if ‖w‖ is at
    most `norm` of the largest in its layer, and is the twin of one before it, v, that has not if 2 ‖w - v‖² is at most
    `distance` (‖w‖² + ‖v‖²). Descent never leaves either state once it is reached exactly.

    Source: Chen, Kunin, Yamamura & Ganguli 2023, arXiv:2306.04251, its code, with both at 0.1.
    """

    needs = frozenset({"weights"})
    columns = (
        Column("independent_units", "Share of independent hidden units"),
        Column("vanished_units", "Share of hidden units without weights"),
    )

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    norm: float = Field(
        0.1, ge=0, lt=1, description="Share of the largest norm up to which a unit has vanished."
    )
    distance: float = Field(0.1, gt=0, description="Relative squared distance up to which units are twins.")

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError unless the model is a perceptron: its tensors weight_0, weight_1, … are (out, in)."""
        shapes = model.shapes(config, n_inputs, n_outputs)
        sizes = [shapes[name] for name in _matrices(shapes)]
        joined = all(before[0] == after[1] for before, after in pairwise(sizes))
        if len(sizes) < 2 or not joined:
            problem = "its layers are no matrices weight_0, weight_1, … from one to the next"
            raise AxisError("model", config["model"], problem, "delete this measurement, or choose mlp")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the shares (R,)."""
        import torch

        names = _matrices(view.weights)
        found = []
        for layer, (into, out) in enumerate(pairwise(names)):
            parts = [view.weights[into], view.weights[out].mT]
            if f"bias_{layer}" in view.weights:
                parts.append(view.weights[f"bias_{layer}"].unsqueeze(2))
            found.append(self._of_layer(torch.cat(parts, 2).double()))
        vanished, independent = (torch.cat([one[i] for one in found], 1).double().mean(1) for i in (0, 1))
        return {"independent_units": independent, "vanished_units": vanished}

    def _of_layer(self, units: Tensor) -> tuple[Tensor, Tensor]:
        """Return which units (R, h, n) have vanished, and which are independent, (R, h)."""
        import torch

        from lawbook.models._products import products

        squares = units.square().sum(2)
        vanished = squares <= self.norm**2 * squares.amax(1, keepdim=True)
        both = squares.unsqueeze(2) + squares.unsqueeze(1)
        apart = both - 2 * products(None, units, units.mT)
        twins = (2 * apart <= self.distance * both) & ~vanished.unsqueeze(1)
        return vanished, ~vanished & ~torch.tril(twins, diagonal=-1).any(2)


def _matrices(tensors: Mapping[str, object]) -> list[str]:
    """Return the names weight_0, weight_1, … among those of tensors, in their order."""
    names = [f"weight_{layer}" for layer in range(len(tensors))]
    return [name for name in names if name in tensors]


measurement = IndependentUnits
