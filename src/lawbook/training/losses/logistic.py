"""Logistic loss: each output says by itself whether an example is of its class, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lawbook.training.losses import Loss, mean_over_targets

if TYPE_CHECKING:
    from torch import Tensor


class Logistic(Loss):
    """Σ_j log(1 + exp(-s_j o_j)) over the k outputs, with s_j = 1 for the example's class and -1 for the others."""

    targets = frozenset({"classes"})
    unit = "nats"

    def of_examples(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the sum over outputs of each example's logistic losses, (R, B)."""
        from torch.nn.functional import logsigmoid, one_hot

        signs = 2 * one_hot(targets, outputs.shape[-1]).to(outputs.dtype) - 1
        # Not softplus, whose last bits hang on an element's place in the array, and so on the stack.
        return mean_over_targets(-logsigmoid(signs * outputs).sum(-1))


loss = Logistic()
