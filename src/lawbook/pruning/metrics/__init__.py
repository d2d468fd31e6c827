"""Pruning metrics, one file each: `metric` scores a pool's examples from what its probes say; high = hard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lawbook.registry import Registry


@dataclass(frozen=True)
class Probed:
    """What P probes say of a pool of n examples: probabilities (P, n, classes), and the pool's labels (n,)."""

    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]


@dataclass(frozen=True)
class Metric:
    """A score of the examples of a pool, (n,) float64, high = hard; `score` is None if it needs no probes."""

    name: str
    source: str
    score: Callable[[Probed], NDArray[np.float64]] | None


metrics: Registry[Metric] = Registry("lawbook.pruning.metrics", "metric", "pruning metric")
