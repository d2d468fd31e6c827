"""Superposition: how many of the inputs have a direction of their own in the first layer, and how these overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.axes import AxisError, Config
from lawbook.measurements import At, Column, Measurement
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class Superposition(Measurement):
    """Share of inputs whose vector in the first matrix is longer than a half, and the mean of (w_i·w_j)² over pairs.

    The vector of an input is its row of the matrix that reads inputs, n × m, or its column of one m × n; for the
    overlap those of the represented inputs are made unit vectors. Without superposition at most m of n inputs are
    represented, and do not overlap. Source: Liu, Liu & Gore 2025, arXiv:2505.10465, φ_½ and the mean squared overlap.
    """

    needs = frozenset({"weights"})
    columns = (
        Column("represented_features", "Share of inputs represented"),
        Column("squared_overlap", "Mean squared overlap of inputs"),
    )

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    norm: float = Field(0.5, gt=0, description="Norm from which on an input counts as represented.")

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError unless one matrix reads the inputs, with one side as long as there are inputs."""
        shapes, roles = model.shapes(config, n_inputs, n_outputs), model.roles(config, n_inputs, n_outputs)
        found = [shape for name, shape in shapes.items() if roles[name] == "input"]
        if len(found) != 1 or len(found[0]) != 2 or found[0].count(n_inputs) != 1:
            problem = f"no single matrix of it has one side of the {n_inputs} inputs"
            fix = "delete this measurement, or choose another width"
            raise AxisError("model", config["model"], problem, fix)

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return share and mean (R,); no mean where fewer than two inputs are represented."""
        import torch

        from lawbook.models._products import products

        roles = view.model.roles(view.config, view.n_inputs, view.n_inputs)
        (matrix,) = (view.weights[name].double() for name, role in roles.items() if role == "input")
        rows = matrix if matrix.shape[1] == view.n_inputs else matrix.mT
        norms = torch.linalg.vector_norm(rows, dim=2, keepdim=True)
        represented = norms > self.norm
        units = torch.where(represented, rows / norms, 0.0)
        n = represented.sum((1, 2)).double()
        # Σ_ij (w_i·w_j)² = ‖WᵀW‖², in which each of the n has its own square, 1.
        every = products(None, units.mT, units).square().sum((1, 2))
        pairs = torch.where(n > 1, n * (n - 1), torch.nan)
        return {"represented_features": n / view.n_inputs, "squared_overlap": (every - n) / pairs}


measurement = Superposition
