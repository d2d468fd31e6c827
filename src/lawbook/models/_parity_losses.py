"""The cross-entropy of the parity network for a stack, with its gradient in the same pass.

Forward, loss and backward of some examples of one run follow each other while what they read and write is in the
cache, and in place. Autograd would pass over arrays of the size of the hidden layer, those of all runs between, several
times more often. `lawbook.models.parity_mlp.logits_of_one` is the same without this.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax

_CHUNK = 1 << 18
"""Numbers in the inputs and in the hidden layer of the examples that are taken at once: a megabyte in float32."""


class ParityLosses(torch.autograd.Function):
    """Mean losses (R,) of tasks (R, n_tasks, W), bits (R, n_bits, W), bias (R, W), (R, out, W), (R, out), examples."""

    @staticmethod
    def forward(
        ctx: Any,
        tasks: Tensor,
        bits: Tensor,
        bias: Tensor,
        weight: Tensor,
        last_bias: Tensor,
        inputs: Tensor,
        targets: Tensor,
    ) -> Tensor:
        n_runs, n, n_inputs = inputs.shape
        at_once = min(n, max(256, _CHUNK // (bias.shape[1] + n_inputs)))
        numbers, x = inputs[..., -1].long(), inputs[..., :-1]
        losses = inputs.new_zeros(n_runs)
        of_tasks, of_bits, of_weight, of_last = map(torch.zeros_like, (tasks, bits, weight, last_bias))
        rows = tasks + bias.unsqueeze(1)
        hidden, back = inputs.new_empty(2, at_once, bias.shape[1])
        for run in range(n_runs):
            for start in range(0, n, at_once):
                these = slice(start, min(start + at_once, n))
                task, seen, label = numbers[run, these], x[run, these], targets[run, these].unsqueeze(0)
                h, d = hidden[: len(task)], back[: len(task)]
                torch.index_select(rows[run], 0, task, out=h)
                h.addmm_(seen, bits[run]).relu_()
                log_p = log_softmax(torch.addmm(last_bias[run].unsqueeze(1), weight[run], h.T), 0)
                losses[run] -= log_p.gather(0, label).sum()
                # (softmax - onehot) / B, written over the softmax.
                g = log_p.exp_()
                g.scatter_add_(0, label, g.new_full((1, 1), -1.0).expand_as(label)).div_(n)
                torch.mm(g.T, weight[run], out=d)
                torch.ops.aten.threshold_backward.grad_input(d, h, 0, grad_input=d)
                of_tasks[run].index_add_(0, task, d)
                of_bits[run].addmm_(seen.T, d)
                of_weight[run].addmm_(g, h)
                of_last[run] += g.sum(1)
        # Each example has one task, so that the bias, which all share, feels the sum over tasks.
        ctx.save_for_backward(of_tasks, of_bits, of_tasks.sum(1), of_weight, of_last)
        return losses / n

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        scaled = [
            gradient.mul_(grads[0].view(-1, *[1] * (gradient.dim() - 1))) for gradient in ctx.saved_tensors
        ]
        return (*scaled, None, None)
