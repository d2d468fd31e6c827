"""What the solved models of two classes share: one weight vector, no intercept, the logits 0 and w·x."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import AxisError, Config
from lawbook.models import Shapes, SolvedModel


class Separator(SolvedModel):
    """A hyperplane through the origin: class 1 where w·x > 0, with the log-odds w·x."""

    reads = frozenset({"vector", "image"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one weight (in,). Raises AxisError unless there are two classes."""
        if n_outputs != 2:
            problem, fix = (
                f"it tells two classes apart, not {n_outputs}",
                "choose another model, or another task",
            )
            raise AxisError("model", config["model"], problem, fix)
        return {"weight": (n_inputs,)}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the logits (n, 2) of inputs (n, in): 0 and w·x."""
        log_odds = inputs @ weights["weight"]
        return np.stack([np.zeros_like(log_odds), log_odds], axis=1)


def signed(inputs: NDArray[np.float64], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return s x, (n, in), s = 1 for class 1 and -1 for class 0: an example is right where w·(s x) > 0."""
    return inputs * (2.0 * targets[:, None] - 1.0)
