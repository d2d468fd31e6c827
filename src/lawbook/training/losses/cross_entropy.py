"""Cross-entropy of classes, in nats, with its gradient in closed form."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from lawbook.training.losses import Loss, mean_over_targets

if TYPE_CHECKING:
    from torch import Tensor


class CrossEntropy(Loss):
    """-log softmax(o)_y, for outputs o and the class y."""

    targets = frozenset({"classes"})
    unit = "nats"

    def of_examples(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of each example, (R, B); of one with T targets their mean."""
        return mean_over_targets(target_losses(outputs, targets))

    def descended_once(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over all targets of each run, (R,); its gradient is (softmax - onehot) / n."""
        found: Tensor = _mean_cross_entropy().apply(outputs, targets)
        return found


def target_losses(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return the cross-entropy of each target, in nats, in the shape of `targets`."""
    from torch.nn.functional import log_softmax

    return -log_softmax(outputs.mT, -2).gather(-2, targets.unsqueeze(-2)).squeeze(-2)


@cache
def _mean_cross_entropy() -> Any:
    """Return the function of autograd; it is made when first asked for, since a plan loads no torch."""
    import torch
    from torch.nn.functional import log_softmax

    class MeanCrossEntropy(torch.autograd.Function):
        """Mean cross-entropy of each run; the gradient is written over the softmax.

        It works on (R, classes, B), or (R, B, classes, T): with the batch as the last axis the softmax is
        vectorised, which for few classes makes it ten times faster.
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

    return MeanCrossEntropy


loss = CrossEntropy()
