"""Sharpness: the largest eigenvalue of the Hessian of the training loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import At, Column, OfExamples
from lawbook.seeds import generator

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class Sharpness(OfExamples):
    """λ_max(∇²L(θ)), where L is the loss that a run descends, its mean over the examples, without weight decay.

    By Lanczos iteration from one fixed vector. To begin with the eigenvector of the evaluation before would save a few
    products with the Hessian, but then the last bits of a value would depend on where a run had been measured before.
    Gradient descent with the rate η is stable below 2/η (Cohen et al. 2021, arXiv:2103.00065).
    """

    needs = frozenset({"curvature"})
    columns = (Column("sharpness", "Largest eigenvalue of the Hessian"),)

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    iterations: int = Field(
        200,
        ge=1,
        description="Products with the Hessian after which a run has no value if it has not converged.",
    )

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the eigenvalue (R,), to a ten-thousandth of the Hessian's norm or better."""
        import torch

        from lawbook.measurements._lanczos import largest_eigenvalue
        from lawbook.measurements.view import flat

        weights = flat(view.weights)
        drawn = generator(0, "sharpness").standard_normal(weights.shape[1])
        start = torch.from_numpy(drawn).to(weights).expand_as(weights)
        return {"sharpness": largest_eigenvalue(view.hessian(), start, self.iterations)}


measurement = Sharpness
