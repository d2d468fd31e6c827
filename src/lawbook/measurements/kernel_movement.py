"""How far the tangent kernel has moved since the first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import Column
from lawbook.measurements._tangent_kernel import OfTangentKernel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class KernelMovement(OfTangentKernel):
    """‖K - K₀‖_F / ‖K₀‖_F of the empirical tangent kernel, K₀ by the initial weights.

    K(x, x') = Σ_c ∇_θ f_c(x) · ∇_θ f_c(x') over the outputs c (Jacot et al. 2018, arXiv:1806.07572). It is 0 for a
    network that is linear in its weights, small in lazy training, and of order 1 or more where features are learned
    (Chizat et al. 2019, arXiv:1812.07956).
    """

    columns = (Column("kernel_movement", "Relative change of the tangent kernel"),)

    examples: int = Field(64, ge=2, description="Examples of the kernel, the first ones of the split.")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the movement (R,)."""
        import torch

        moved = [
            torch.linalg.matrix_norm(now - then) / torch.linalg.matrix_norm(then)
            for now, then in self.kernels(view)
        ]
        return {"kernel_movement": torch.stack(moved)}


measurement = KernelMovement
