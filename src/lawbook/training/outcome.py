"""What comes of training: the curves of some runs and how each ended, whichever engine trained them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Trained:
    """The outcome of R runs. A run that failed has a reason; its metrics are NaN.

    n_train: examples that each run could see; curve: {step: {"split/metric": one value per run}}; diverged_step:
    the step at which each run diverged, -1 if it did not; failed: {place of a run: why it has no result}; measured:
    {step: {column: one number, or list of numbers, per run}}.
    """

    n_train: Sequence[int]
    curve: Mapping[int, Mapping[str, Sequence[float]]]
    diverged_step: Sequence[int]
    failed: Mapping[int, str] = field(default_factory=dict)
    measured: Mapping[int, dict[str, list[Any]]] = field(default_factory=dict)
