"""Intrinsic dimension of what the last hidden layer makes of the examples, by three estimators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import At, Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class IntrinsicDimension(OfExamples):
    """Dimension of the manifold near which the activations of the last hidden layer lie.

    From distances between the examples alone: by the two nearest neighbours of each, by the maximum of likelihood over
    the `neighbours` nearest, and by how the number of close pairs grows with their distance; see `_dimensions`. All
    three fall short where the dimension is high and examples are few. Activations that are the same for two examples
    have the distance 0, which tells of no dimension.
    """

    needs = frozenset({"activations"})
    columns = (
        Column("dimension_two_nn", "Intrinsic dimension (two nearest neighbours)"),
        Column("dimension_mle", "Intrinsic dimension (maximum likelihood)"),
        Column("dimension_correlation", "Intrinsic dimension (correlation)"),
    )

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    neighbours: int = Field(
        20, ge=2, description="Nearest neighbours that the maximum of likelihood looks at."
    )

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the three dimensions, (R,) each."""
        import torch

        from lawbook.measurements._dimensions import correlation, maximum_likelihood, sorted_distances, two_nn

        (*_, last) = view.activations.values()
        # Of tokens there are more; as many of them as of examples are taken.
        n = min(last.shape[1], self.examples)
        chosen = torch.arange(n, device=last.device) * last.shape[1] // n
        found: dict[str, list[Tensor]] = {
            name: [] for name in ("dimension_two_nn", "dimension_mle", "dimension_correlation")
        }
        for points in last[:, chosen].double():
            distances = sorted_distances(points)
            found["dimension_two_nn"].append(two_nn(distances))
            found["dimension_mle"].append(maximum_likelihood(distances, min(self.neighbours, n - 1)))
            found["dimension_correlation"].append(correlation(distances))
        return {name: torch.stack(values) for name, values in found.items()}


measurement = IntrinsicDimension
