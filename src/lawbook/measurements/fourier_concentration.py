"""How far each unit that reads a cyclic input has settled on one frequency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.axes import AxisError, Config
from lawbook.measurements import Column, Measurement
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class FourierConcentration(Measurement):
    """Σ_j max_k P_jk / Σ_jk P_jk, with P_jk the power of unit j's weights at the frequency k = 1, …, ⌊p/2⌋.

    The inputs are `parts` vectors of p numbers, each a place on a circle, as the two numbers of a modular sum are; the
    power of a unit is the sum over its parts. Units whose weights have died out do not count. It is 1 of the weights
    that solve modular addition (Gromov 2023, arXiv:2301.02679), and about 0.17 of random ones where p = 31.
    """

    needs = frozenset({"weights"})
    columns = (
        Column("fourier_concentration", "Share of the power of weights at each unit's peak frequency"),
    )

    parts: int = Field(2, ge=1, description="Cyclic vectors that an input consists of, of equal lengths.")

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError unless the inputs have so many parts, and units read them by a matrix (units, inputs)."""
        if n_inputs % self.parts or n_inputs // self.parts < 3:
            problem = f"its {n_inputs} inputs are not {self.parts} vectors of equal lengths, 3 or more"
            raise AxisError("task", config["task"], problem, "write other parts, or delete this measurement")
        shapes, roles = (of(config, n_inputs, n_outputs) for of in (model.shapes, model.roles))
        if not any(roles[name] == "input" and shape[-1] == n_inputs for name, shape in shapes.items()):
            problem = "it has no matrix of units by inputs"
            raise AxisError("model", config["model"], problem, "choose mlp, or delete this measurement")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the share (R,)."""
        import torch

        from lawbook.models._products import products

        matrices = (tensor for tensor in view.weights.values() if tensor.shape[-1] == view.n_inputs)
        rows = next(matrices).double().unflatten(2, (self.parts, -1))  # (R, units, parts, p)
        p = rows.shape[3]
        angles = torch.outer(torch.arange(p), torch.arange(1, p // 2 + 1)) * (2 * torch.pi / p)
        waves = torch.cat([angles.cos(), angles.sin()], dim=1).to(rows)
        found = products(None, rows.flatten(1, 2), waves.expand(len(rows), -1, -1))
        power = found.unflatten(2, (2, -1)).square().sum(2).unflatten(1, (-1, self.parts)).sum(2)
        return {"fourier_concentration": power.amax(2).sum(1) / power.sum((1, 2))}


measurement = FourierConcentration
