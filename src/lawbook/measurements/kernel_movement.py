"""How far the tangent kernel has moved since the first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import At, Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class KernelMovement(OfExamples):
    """‖K - K₀‖_F / ‖K₀‖_F of the empirical tangent kernel, K₀ by the initial weights.

    K(x, x') = Σ_c ∇_θ f_c(x) · ∇_θ f_c(x') over the outputs c (Jacot et al. 2018, arXiv:1806.07572). It is 0 for a
    network that is linear in its weights, small in lazy training, and of order 1 or more where features are learned
    (Chizat et al. 2019, arXiv:1812.07956).
    """

    needs = frozenset({"activations", "gradients"})  # without hidden layers a kernel never moves
    columns = (Column("kernel_movement", "Relative change of the tangent kernel"),)

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )
    examples: int = Field(64, ge=2, description="Examples of the kernel, the first ones of the split.")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the movement (R,)."""
        import torch

        from lawbook.measurements._tangent_kernel import tangent_kernel

        moved = []
        for run in range(len(view.inputs)):  # the gradients of one run's examples fill the memory of a stack
            now, then = (tangent_kernel(view, weights, run) for weights in (view.weights, view.initial))
            moved.append(torch.linalg.matrix_norm(now - then) / torch.linalg.matrix_norm(then))
        return {"kernel_movement": torch.stack(moved)}


measurement = KernelMovement
