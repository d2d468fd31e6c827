"""The empirical tangent kernel of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.measurements import At, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class OfTangentKernel(OfExamples):
    """A measurement of how the tangent kernel changes."""

    needs = frozenset({"activations", "gradients"})  # without hidden layers a kernel never moves

    at: At = Field(
        "last", description="Steps at which it is taken: every evaluation, the last step, or a list."
    )

    def kernels(self, view: View) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield each run's kernel by its weights and by its initial ones, one run after another to spare memory."""
        for run in range(len(view.inputs)):
            yield tangent_kernel(view, view.weights, run), tangent_kernel(view, view.initial, run)


def tangent_kernel(view: View, weights: Mapping[str, Tensor], run: int) -> Tensor:
    """Compute K(x, x') = Σ_c ∇_θ f_c(x) · ∇_θ f_c(x') over the outputs c, of a run's n examples: (n, n) in float64.

    Each example's gradient is that of its own copy of the weights. Source: Jacot et al. 2018, arXiv:1806.07572.
    """
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
