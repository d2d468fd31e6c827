"""The points whose dimension is measured: the inputs of the examples, or what the last hidden layer makes of them."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from lawbook.measurements.view import View

Of = Literal["inputs", "hidden"]


def points_of(view: View, of: Of, most: int) -> Tensor:
    """Return points of each run, (R, n, units) in float64, n ≤ `most`: of tokens, of which there are more, a part."""
    values = view.inputs.flatten(2) if of == "inputs" else list(view.activations.values())[-1]
    n = min(values.shape[1], most)
    chosen = torch.arange(n, device=values.device) * values.shape[1] // n
    return values[:, chosen].double()


def scaled(points: Tensor) -> Tensor | None:
    """Return points (n, units) of mean 0 and mean squared norm 1; None where they are all the same."""
    centred = points - points.mean(0)
    size = centred.square().sum(1).mean().sqrt()
    return centred / size if size > 0 else None
