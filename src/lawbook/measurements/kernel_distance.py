"""How far the centred tangent kernel has turned away from that of the first step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import Column
from lawbook.measurements._tangent_kernel import OfTangentKernel

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class KernelDistance(OfTangentKernel):
    """1 - ⟨HKH, HK₀H⟩ / (‖HKH‖ ‖HK₀H‖) of the empirical tangent kernel, with H = 1 - 11ᵀ/n, K₀ by the initial weights.

    It is 0 for a kernel that only grows, and at most 1 of positive kernels. Centring takes away what all examples
    share, which of networks with positive activations is most of the kernel and hides how the rest turns.

    Source: Fort et al. 2020, arXiv:2010.15110 (kernel distance); Cortes et al. 2012, arXiv:1203.0550 (centring).
    """

    columns = (Column("kernel_distance", "Distance of the centred tangent kernel, 1 − cosine"),)

    examples: int = Field(32, ge=3, description="Examples of the kernel, the first ones of the split.")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the distance (R,)."""
        import torch

        found = []
        for kernels in self.kernels(view):
            now, then = map(_centred, kernels)
            norms = torch.linalg.matrix_norm(now) * torch.linalg.matrix_norm(then)
            found.append(1 - (now * then).sum() / norms)
        return {"kernel_distance": torch.stack(found)}


def _centred(kernel: Tensor) -> Tensor:
    """Return HKH."""
    rows = kernel - kernel.mean(0)
    return rows - rows.mean(1, keepdim=True)


measurement = KernelDistance
