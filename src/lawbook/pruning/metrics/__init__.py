"""Pruning metrics, one file each: `metric` scores a pool's examples from what is known of them; high = hard.

That sign is the only convention there is: `keep: hard` keeps the highest scores.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lawbook.registry import Registry

Floats: TypeAlias = NDArray[np.floating]
Scores: TypeAlias = NDArray[np.float64]

Need = Literal["inputs", "embedding", "margins", "early", "trajectory", "heldout"]
"""What a metric reads of a pool: the fields of `Evidence`."""

PROBED: tuple[Need, ...] = ("early", "trajectory", "heldout")
"""What probes have to be trained for."""


@dataclass(frozen=True)
class Probed:
    """What P probes say of n examples: probabilities (P, n, classes), and what their last layer reads, (P, n, F)."""

    probabilities: Floats
    features: Floats


@dataclass(frozen=True)
class Evidence:
    """What is known of a pool of n examples; what no metric has asked for is absent.

    labels (n,), as trained on; seed, of the pool; inputs (n, d); embedding (n, e), made without labels; margins
    (n,), the distance from the boundary of a perfect probe; early, by probes of few steps; trajectory (P, T, n,
    classes), the probabilities at T evenly spaced steps of probes trained to the end; heldout (P, n, classes),
    those of such probes that were trained on the other half of the pool.
    """

    labels: NDArray[np.int64]
    seed: int = 0
    inputs: Floats | None = None
    embedding: Floats | None = None
    margins: Floats | None = None
    early: Probed | None = None
    trajectory: Floats | None = None
    heldout: Floats | None = None


@dataclass(frozen=True)
class Metric:
    """A score of the examples of a pool, (n,) float64, high = hard, finite; `score` is None for no score at all.

    needs: the evidence that it reads; uses_labels: whether a wrong label makes an example look hard.
    """

    name: str
    source: str
    score: Callable[[Evidence], Scores] | None
    needs: frozenset[Need] = frozenset()
    uses_labels: bool = False

    @property
    def needs_probes(self) -> bool:
        """Tell whether probes have to be trained for it."""
        return not self.needs.isdisjoint(PROBED)


metrics: Registry[Metric] = Registry("lawbook.pruning.metrics", "metric", "pruning metric")
