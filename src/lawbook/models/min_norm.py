"""Least squares of smallest norm, without intercept: interpolates where there are as many inputs as examples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Axes, Config
from lawbook.models import Shapes, SolvedModel


class MinNormAxes(Axes):
    """Least squares has no axes of its own."""


class MinNorm(SolvedModel):
    """W = argmin ‖W‖ among the minimisers of ‖X W - Y‖: X⁺ Y, by the singular values of X.

    It is the limit of ridge regression at no penalty, and of gradient descent from zero.
    """

    axes = MinNormAxes
    reads = frozenset({"vector", "image"})
    targets = "real"

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one weight (in, out)."""
        return {"weight": (n_inputs, n_outputs)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 4 · n · in · min(n, in) + 8 · min(n, in)³ (Golub & Van Loan 2013, section 5.5)."""
        least = min(n_train, n_inputs)
        return 4.0 * n_train * n_inputs * least + 8.0 * float(least) ** 3

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return W, (in, out), for inputs (n, in) and targets (n, out)."""
        return {"weight": np.asarray(np.linalg.lstsq(inputs, targets)[0], dtype=np.float64)}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return X W, (n, out)."""
        return inputs @ weights["weight"]


model = MinNorm()
