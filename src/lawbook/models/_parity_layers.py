"""The two layers of the parity network for a stack, with a backward pass that works in place.

Autograd would keep and pass over several arrays of the size of the hidden layer; here there are two, and each run's
is written while it is in the cache. `lawbook.models.parity_mlp.logits_of_one` is the same without this.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class ParityLayers(torch.autograd.Function):
    """Outputs (R, out, B) of tasks (R, n_tasks, W), bits (R, n_bits, W), bias (R, W), (R, out, W), (R, out), inputs."""

    @staticmethod
    def forward(
        ctx: Any, tasks: Tensor, bits: Tensor, bias: Tensor, weight: Tensor, last_bias: Tensor, inputs: Tensor
    ) -> Tensor:
        n_runs, n = inputs.shape[:2]
        numbers, x = inputs[..., -1].long(), inputs[..., :-1]
        hidden = inputs.new_empty(n_runs, n, bias.shape[1])
        outputs = inputs.new_empty(n_runs, weight.shape[1], n)
        rows = tasks + bias.unsqueeze(1)
        for run, h in enumerate(hidden):
            torch.index_select(rows[run], 0, numbers[run], out=h)
            h.addmm_(x[run], bits[run]).relu_()
            torch.addmm(last_bias[run].unsqueeze(1), weight[run], h.T, out=outputs[run])
        ctx.save_for_backward(numbers, x, hidden, weight, tasks, bits)
        return outputs

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        numbers, x, hidden, weight, tasks, bits = ctx.saved_tensors
        of_tasks, of_bits, of_weight = (
            torch.zeros_like(tasks),
            torch.empty_like(bits),
            torch.empty_like(weight),
        )
        of_hidden = torch.empty_like(hidden[0])
        for run, h in enumerate(hidden):
            torch.mm(grads[0][run].T, weight[run], out=of_hidden)
            torch.ops.aten.threshold_backward.grad_input(of_hidden, h, 0, grad_input=of_hidden)
            of_tasks[run].index_add_(0, numbers[run], of_hidden)
            torch.mm(x[run].T, of_hidden, out=of_bits[run])
            torch.mm(grads[0][run], h, out=of_weight[run])
        # Each example has one task, so that the bias, which all share, feels the sum over tasks.
        return of_tasks, of_bits, of_tasks.sum(1), of_weight, grads[0].sum(-1), None
