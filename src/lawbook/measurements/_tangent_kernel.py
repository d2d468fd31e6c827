"""The empirical tangent kernel of one run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


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
