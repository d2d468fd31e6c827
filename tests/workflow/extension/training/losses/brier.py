"""The Brier score of classes."""

from typing import Any

from lawbook.training.losses import Loss, mean_over_targets


class Brier(Loss):
    """Σ_j (p_j - [j = y])², for p = softmax(o)."""

    targets = frozenset({"classes"})
    unit = "Brier score"

    def of_examples(self, outputs: Any, targets: Any) -> Any:
        """Return the score of each example."""
        from torch.nn.functional import one_hot

        wrong = outputs.softmax(-1) - one_hot(targets, outputs.shape[-1]).to(outputs.dtype)
        return mean_over_targets(wrong.square().sum(-1))


loss = Brier()
