"""Losses that round to zero: counted, and the gaps from which they are, against the spacing of the numbers."""

from __future__ import annotations

import math
from typing import Any, cast

import pytest
import torch
from tests.shipped import load

from lawbook.measurements import measurements
from lawbook.measurements.view import View
from lawbook.models import TrainedModel
from lawbook.training.losses import losses


class Showing:
    """A model whose outputs are its inputs."""

    def forward(self, config: Any, weights: Any, inputs: torch.Tensor) -> torch.Tensor:
        return inputs


def measured(outputs: torch.Tensor, targets: torch.Tensor, loss: str = "cross_entropy") -> dict[str, Any]:
    view = View(cast(TrainedModel, Showing()), {}, 0, {}, {}, outputs, targets, losses[loss].descended, 2)
    found = measurements["zero_losses"]().compute(view)
    return {name: value.tolist() for name, value in found.items()}


@pytest.mark.parametrize(("dtype", "bits"), [(torch.float32, 24), (torch.float64, 53)])
def test_a_loss_is_zero_where_one_plus_the_rest_rounds_to_one(dtype: torch.dtype, bits: int) -> None:
    found = measured(torch.zeros(2, 3, 23, dtype=dtype), torch.zeros(2, 3, dtype=torch.long))
    of_two = bits * math.log(2)
    assert found["zero_gap_of_two"] == pytest.approx([of_two] * 2, abs=1e-4)
    # Summed class after class: the first class is 1 before any other is added, the last one comes when all others are.
    assert found["zero_gap_least"] == pytest.approx([of_two] * 2, abs=1e-4)
    assert found["zero_gap_largest"] == pytest.approx([of_two + math.log(22)] * 2, abs=1e-4)
    assert found["zero_loss_share"] == [0.0, 0.0]


def test_zero_losses_are_counted() -> None:
    gaps = torch.tensor([[1.0, 16.0, 17.0], [17.0, 40.0, 100.0]])
    outputs = torch.stack([gaps, torch.zeros(2, 3)], -1)
    found = measured(outputs, torch.zeros(2, 3, dtype=torch.long))
    assert found["zero_loss_share"] == pytest.approx([1 / 3, 1])
    right = measured(outputs, torch.ones(2, 3, dtype=torch.long))
    assert right["zero_loss_share"] == [0.0, 0.0]


def test_a_loss_that_never_rounds_to_zero_has_no_gap() -> None:
    found = measured(torch.zeros(1, 3, 5), torch.zeros(1, 3, dtype=torch.long), "squared_error")
    assert found["zero_gap_of_two"] == [math.inf]


def test_the_study_expects_the_gaps_of_rounding() -> None:
    expected = {
        (claim.column, claim.where["dtype"]): claim.expected
        for claim in load("softmax_collapse").content.claims
        if str(claim.column).startswith("zero_gap")
    }
    of_two = {"float32": 24 * math.log(2), "float64": 53 * math.log(2)}
    assert expected == {
        (f"zero_gap_{which}", dtype): pytest.approx(gap + more, abs=1e-4)
        for dtype, gap in of_two.items()
        for which, more in (("of_two", 0.0), ("largest", math.log(22)))
    }
