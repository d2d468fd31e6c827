"""Scale of each layer's activations, and how far they have moved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lawbook.measurements import Column, OfExamples

if TYPE_CHECKING:
    from torch import Tensor

    from lawbook.measurements.view import View


class ActivationScale(OfExamples):
    """√⟨h²⟩ of each hidden layer, and of the outputs as the last, over units and examples.

    `activation_change` is √⟨(h - h₀)²⟩, h₀ by the initial weights on the same examples: under muP neither it nor the
    scale depends on the width (Yang et al. 2022, arXiv:2203.03466, figure 5).
    """

    needs = frozenset({"activations"})
    columns = (
        Column("activation_scale", "Root mean square of a layer's activations", vector=True),
        Column("activation_change", "Root mean square change of a layer's activations", vector=True),
    )

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return both, (R, layers)."""
        import torch

        with torch.no_grad():
            now, then = (
                [*view.hidden_layers(weights).values(), view.outputs(weights, view.inputs)]
                for weights in (view.weights, view.initial)
            )
        moved = [a - b for a, b in zip(now, then, strict=True)]
        return {
            name: torch.stack([_root_mean_square(layer) for layer in layers], dim=1)
            for name, layers in (("activation_scale", now), ("activation_change", moved))
        }


def _root_mean_square(layer: Tensor) -> Tensor:
    """Return √⟨h²⟩ of each run, (R,), over all but the first axis."""
    return layer.double().square().flatten(1).mean(1).sqrt()


measurement = ActivationScale
