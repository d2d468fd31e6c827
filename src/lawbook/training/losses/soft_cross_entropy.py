"""Cross-entropy of a distribution over classes, or of any weights of them, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lawbook.training.losses import Loss

if TYPE_CHECKING:
    from torch import Tensor


class SoftCrossEntropy(Loss):
    """-Σ_c y_c log softmax(o)_c, for outputs o and real targets y ≥ 0, one for each class.

    Targets n p_i e_i of n examples, one of each fact i, make their mean the loss of a population with frequencies p.
    """

    targets = frozenset({"real"})
    unit = "nats"

    def of_examples(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the cross-entropy of each example, (R, B)."""
        from torch.nn.functional import log_softmax

        return -(targets * log_softmax(outputs, -1)).sum(-1)


loss = SoftCrossEntropy()
