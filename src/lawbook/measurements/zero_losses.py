"""Losses that round to zero: the share of examples that have one, and the gap between outputs from which it is zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from lawbook.axes import AxisError, Config
from lawbook.measurements import Column, OfExamples
from lawbook.models import TrainedModel

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from lawbook.measurements.view import View

HALVINGS = 60
"""Steps of the bisection of a gap, enough for every number of float64."""


class ZeroLosses(OfExamples):
    """The share of examples whose loss is exactly 0 in the number format of the run, with nearly no gradient left.

    Besides, the gaps from which the loss that a run descends is 0, found by bisection with that very loss: one output
    lies above all others, which are equal. Cross-entropy rounds to 0 where 1 + Σ e^-gap rounds to 1, so of two classes
    from ln(2/ε) on: 24 ln 2 = 16.64 in float32, 53 ln 2 = 36.74 in float64. Of K classes it lies between that and
    ln(2(K - 1)/ε), by the order in which the sum is taken, and so by which class is the right one.

    Source: Prieto et al. 2025, arXiv:2501.04697 (softmax collapse).
    """

    needs = frozenset({"weights"})
    columns = (
        Column("zero_loss_share", "Share of losses that are exactly 0"),
        Column("zero_gap_of_two", "Gap from which the loss of two classes is 0"),
        Column("zero_gap_least", "Least gap over the classes from which the loss is 0"),
        Column("zero_gap_largest", "Largest gap over the classes from which the loss is 0"),
    )

    examples: int = Field(512, ge=1, description="Examples that are counted, the first ones of the split.")

    def check(self, config: Config, model: TrainedModel, n_inputs: int, n_outputs: int) -> None:
        """Raise AxisError for fewer than two outputs, which have no gap."""
        if n_outputs < 2:
            raise AxisError("task", config["task"], "its targets are no classes", "delete this measurement")

    def compute(self, view: View) -> Mapping[str, Tensor]:
        """Return the share and the gaps, (R,) each; a gap is infinite, and so null, where no loss rounds to 0."""
        import torch

        shares = []
        for inputs, targets in zip(
            view.inputs.split(view.at_once, 1), view.targets.split(view.at_once, 1), strict=True
        ):
            with torch.no_grad():
                outputs = view.outputs(view.weights, inputs)
                shares.append(
                    _each(view, outputs.flatten(0, 1), targets.flatten(0, 1)).view(*targets.shape[:2]) == 0
                )
        share = torch.cat(shares, 1).double().mean(1)
        gaps, two = _gaps(view, outputs.shape[-1], outputs.dtype), _gaps(view, 2, outputs.dtype)
        same = {"zero_gap_of_two": two[0], "zero_gap_least": gaps.min(), "zero_gap_largest": gaps.max()}
        return {"zero_loss_share": share, **{name: gap.expand(len(share)) for name, gap in same.items()}}


def _each(view: View, outputs: Tensor, targets: Tensor) -> Tensor:
    """Return what a run descends on each single example, (n,), for outputs (n, ..., K) and targets (n, ...)."""
    return view.losses(outputs.unsqueeze(1), targets.unsqueeze(1))


def _gaps(view: View, n_classes: int, dtype: torch.dtype) -> Tensor:
    """Return, for each class, the least gap above the others from which its loss is 0, (K,), infinite if none is."""
    import torch

    classes = torch.arange(n_classes, device=view.inputs.device)
    right = torch.nn.functional.one_hot(classes).to(dtype)

    def zero(gap: Tensor) -> Tensor:
        # The largest output is 0, so that the others carry the gap without rounding.
        outputs = (right - 1) * gap.to(dtype).unsqueeze(1)
        return _each(view, outputs, classes) == 0

    low = torch.zeros(n_classes, dtype=torch.float64, device=view.inputs.device)
    high = torch.full_like(low, 128.0)
    reachable = zero(high)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        is_zero = zero(middle)
        low, high = torch.where(is_zero, low, middle), torch.where(is_zero, middle, high)
    return torch.where(reachable, high, torch.inf)


measurement = ZeroLosses
