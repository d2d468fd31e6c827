"""A memory: the set of what was seen, the learner of the quanta sampler."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Axes, Config
from lawbook.models import Shapes, SolvedModel


class MemoryAxes(Axes):
    """A memory has no axes of its own."""


class Memory(SolvedModel):
    """Know an input if it was among the examples. Its parameters are the inputs that it holds, each once."""

    axes = MemoryAxes
    reads = frozenset({"facts"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return room for every example of the pool."""
        return {"seen": (int(config["samples"]),)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return n log₂ n, the comparisons of a sort."""
        return float(n_train * max(1.0, np.log2(n_train)))

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return what was seen, in order and each once, for inputs (n, 1)."""
        return {"seen": np.unique(inputs[:, 0])}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return (0, 1) for inputs (n, 1) that are known, (0, 0) for others."""
        known = np.isin(inputs[:, 0], weights["seen"])
        return np.stack([np.zeros(len(inputs)), known.astype(np.float64)], axis=1)


model = Memory()
