"""Emergence: when a sample is learned, and whether its loss falls at one size of model or bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

LEARNED = float(np.log(2))
"""A sample is learned where its loss stays below ln 2: the right answer has more than half of the probability."""

LEAST_FALL = 1.0
"""Nats that a loss must fall by over the sizes for its way down to be called anything."""

AT_ONCE, SPREAD = 0.8, 0.5
"""Share of the fall in one step of size from which it is monogenic, and up to which it is polygenic."""

KINDS = ("monogenic", "polygenic", "between", "unlearned")


def steps_to_learn(losses: Floats, steps: Sequence[int], threshold: float = LEARNED) -> Floats:
    """Return the first of the steps from which on each sample's loss stays below the threshold, NaN for never.

    losses: (steps, samples), in the order of `steps`.
    """
    below = np.logical_and.accumulate((losses < threshold)[::-1])[::-1]
    first = np.argmax(below, axis=0)
    return np.where(below.any(axis=0), np.asarray(steps, dtype=float)[first], np.nan)


def kind_of_fall(losses: Floats) -> NDArray[np.int64]:
    """Return how each sample's loss falls over sizes, as a place in `KINDS`; losses (samples, sizes), smallest first.

    Monogenic: four fifths of the fall from the largest to the smallest loss happen between two neighbouring sizes.
    Polygenic: no such step has more than half of it. Neither goes up and down: the fall is four fifths of all its
    steps together. Unlearned: the loss falls by less than one nat. After Michaud et al. 2023, figure 4, whose two
    plateaus need more sizes than these.
    """
    falls = losses[:, :-1] - losses[:, 1:]
    whole = losses[:, 0] - losses[:, -1]
    largest = falls.max(axis=1) / np.where(whole > 0, whole, 1)
    steady = whole >= AT_ONCE * np.abs(falls).sum(axis=1)
    rules = [whole < LEAST_FALL, steady & (largest >= AT_ONCE), steady & (largest <= SPREAD)]
    kinds = np.select(rules, [3, 0, 1], default=2)
    return kinds.astype(np.int64)
