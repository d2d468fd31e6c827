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

        moved = []
        for run in range(len(view.inputs)):  # the gradients of one run's examples fill the memory of a stack
            now, then = (_tangent_kernel(view, weights, run) for weights in (view.weights, view.initial))
            moved.append(torch.linalg.matrix_norm(now - then) / torch.linalg.matrix_norm(then))
        return {"kernel_movement": torch.stack(moved)}


def _tangent_kernel(view: View, weights: Mapping[str, Tensor], run: int) -> Tensor:
    """Return the kernel of a run, (n, n) in float64: each example's gradient is that of its own copy of weights."""
    import torch

    inputs = view.inputs[run].unsqueeze(1)
    n = len(inputs)
    copies = {
        name: tensor[run].detach().expand(n, *tensor.shape[1:]).clone().requires_grad_()
        for name, tensor in weights.items()
    }
    with torch.enable_grad():
        outputs = view.outputs(copies, inputs).flatten(1)
    kernel = torch.zeros(n, n, dtype=torch.float64, device=inputs.device)
    for column in outputs.T:
        parts = torch.autograd.grad(
            column.sum(), list(copies.values()), retain_graph=True, materialize_grads=True
        )
        gradient = torch.cat([part.flatten(1) for part in parts], dim=1).double()
        kernel += gradient @ gradient.T
    return kernel


measurement = KernelMovement
