"""Losses of a stack: one number per example, and their mean per run with its gradient in closed form."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import log_softmax


def example_losses(loss: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the loss of each example, (R, B), in nats for cross-entropy; of one with T targets their mean.

    outputs: (R, B, n_outputs), or (R, B, T, n_outputs); targets: (R, B) or (R, B, T), class indices or real values.
    """
    if loss == "cross_entropy":
        return _of_example(target_losses(outputs, targets))
    return (outputs.squeeze(-1) - targets).square()


def target_losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of each target, in nats, in the shape of `targets`."""
    return -log_softmax(outputs.mT, -2).gather(-2, targets.unsqueeze(-2)).squeeze(-2)


def example_errors(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return 1 for each wrongly classified example, else 0, (R, B); of one with T targets their mean."""
    return _of_example((outputs.argmax(-1) != targets).to(outputs.dtype))


def training_losses(loss: str, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return what each run descends, (R,): the mean cross-entropy, or half the mean squared error."""
    if loss == "cross_entropy":
        losses: Tensor = _MeanCrossEntropy.apply(outputs, targets)
        return losses
    return 0.5 * example_losses(loss, outputs, targets).mean(-1)


def _of_example(values: Tensor) -> Tensor:
    return values.mean(-1) if values.dim() > 2 else values


class _MeanCrossEntropy(torch.autograd.Function):
    """Mean cross-entropy of each run; the gradient (softmax - onehot) / B is written over the softmax.

    It works on (R, classes, B), or (R, B, classes, T): with the batch as the last axis the softmax is vectorised,
    which for few classes makes it ten times faster.
    """

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, targets: Tensor) -> Tensor:
        log_p = log_softmax(outputs.mT, -2)
        index = targets.unsqueeze(-2)
        ctx.save_for_backward(log_p, index)
        return -log_p.gather(-2, index).flatten(1).mean(-1)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor, None]:
        log_p, index = ctx.saved_tensors
        gradient = log_p.exp()
        gradient.scatter_add_(-2, index, gradient.new_full((1,) * index.dim(), -1.0).expand(index.shape))
        gradient.mul_((grads[0] / index[0].numel()).view(-1, *(1 for _ in index.shape[1:])))
        return gradient.mT, None
