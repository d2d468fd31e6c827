"""Singular values of one weight matrix, or of the whole map of a linear network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.axes import AxisError, Config
from lawbook.errors import suggest
from lawbook.measurements import Column, Measurement
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View

MAP = "map"


class SingularValues(Measurement):
    """The largest singular values of a matrix, in descending order.

    Of a tensor of the model by its name; or of `map`, the matrix of f(e_i) - f(0) over the unit vectors e_i, which of a
    deep linear network is the product of its weights: then they are the strengths of its modes (Saxe et al. 2014,
    arXiv:1312.6120).
    """

    needs = frozenset({"weights"})
    columns = (Column("singular_values", "Singular value", vector=True),)

    of: str = Field(MAP, description="A weight matrix by its name; map: the matrix that a linear network is.")
    count: int = Field(10, ge=1, description="How many, the largest ones.")

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError if the model has no such matrix, or reads no vectors to map."""
        shapes = model.shapes(config, n_inputs, n_outputs)
        matrices = [MAP, *(name for name, shape in shapes.items() if len(shape) == 2)]
        if self.of not in matrices:
            problem = f"the model {config['model']} has no such matrix"
            raise AxisError("of", self.of, problem, suggest(self.of, matrices))
        if self.of == MAP and "vector" not in model.reads:
            problem = f"the model {config['model']} reads no vectors"
            raise AxisError("of", self.of, problem, "name one of its matrices")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the singular values (R, count), or as many as there are."""
        import torch

        from lawbook.measurements._spectra import singular_values

        if self.of == MAP:
            some = next(iter(view.weights.values()))
            inputs = torch.eye(view.n_inputs).to(some).expand(len(some), -1, -1)
            with torch.no_grad():
                at_zero = view.outputs(view.weights, torch.zeros_like(inputs))
                matrices = view.outputs(view.weights, inputs) - at_zero
        else:
            matrices = view.weights[self.of]
        return {"singular_values": singular_values(matrices)[:, : self.count]}


measurement = SingularValues
