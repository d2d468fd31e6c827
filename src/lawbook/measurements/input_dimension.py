"""Intrinsic dimension of the inputs themselves, by three estimators, and by one of them over neighbourhoods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import At, Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class InputDimension(OfExamples):
    """Dimension of the manifold near which the inputs of the examples lie, from the distances between them.

    What `intrinsic_dimension` tells of the last hidden layer, told of the inputs by the same estimators: it depends on
    the examples alone. The vector has the maximum of likelihood over the 2, 4, 8, … nearest neighbours, to a quarter of
    the examples: where the points are dense enough it does not depend on their number.
    """

    needs = frozenset({"weights"})
    columns = (
        Column("input_dimension_two_nn", "Dimension of the inputs (two nearest neighbours)"),
        Column("input_dimension_mle", "Dimension of the inputs (maximum likelihood)"),
        Column("input_dimension_correlation", "Dimension of the inputs (correlation)"),
        Column(
            "input_dimension_by_scale",
            "Dimension of the inputs (likelihood, 2, 4, 8, … neighbours)",
            vector=True,
        ),
    )

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    neighbours: int = Field(
        20, ge=2, description="Nearest neighbours that the maximum of likelihood looks at."
    )

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the three dimensions, (R,) each, and the vector (R, k)."""
        import torch

        from lawbook.measurements._dimensions import correlation, maximum_likelihood, sorted_distances, two_nn

        inputs = view.inputs.flatten(2)
        n = inputs.shape[1]
        scales = [2**i for i in range(1, n.bit_length()) if 2**i <= max(2, n // 4) and 2**i < n]
        found: dict[str, list[Tensor]] = {column.name: [] for column in self.columns}
        for points in inputs.double():
            distances = sorted_distances(points)
            found["input_dimension_two_nn"].append(two_nn(distances))
            found["input_dimension_mle"].append(maximum_likelihood(distances, min(self.neighbours, n - 1)))
            found["input_dimension_correlation"].append(correlation(distances))
            along = [maximum_likelihood(distances, k) for k in scales]
            found["input_dimension_by_scale"].append(torch.stack(along) if along else points.new_empty(0))
        return {name: torch.stack(values) for name, values in found.items()}


measurement = InputDimension
