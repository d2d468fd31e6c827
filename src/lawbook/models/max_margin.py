"""The max-margin perceptron: the hyperplane through the origin that is farthest from all examples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from lawbook.axes import Axes, Config
from lawbook.errors import LawbookError
from lawbook.models._separator import Separator, signed

_SEPARATED = 1e-6
"""How far below 1 the smallest s w·x of a solution may lie; that of one which exists is 1 to 1e-9 and better."""


class NotSeparableError(LawbookError):
    """No hyperplane through the origin has all examples of one class on one side and the others on the other."""


class MaxMarginAxes(Axes):
    """The max-margin perceptron has no axes of its own."""


class MaxMargin(Separator):
    """w = argmin ‖w‖² under s_i w·x_i ≥ 1 for every example i: the margin of w is κ = 1/‖w‖.

    It is found exactly, as a problem of least distance: with the examples s_i x_i as the columns of A and u ≥ 0,
    the u of least ‖A u‖² + (1·u - 1)² is positive for support vectors alone, and w is the shortest vector with
    s w·x = 1 on them.

    Source: Lawson & Hanson 1974, "Solving least squares problems", chapter 23, algorithms NNLS and LDP.
    """

    axes = MaxMarginAxes

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 6 · n · in · min(n, in): a round for each support vector, over all examples."""
        return 6.0 * n_train * n_inputs * min(n_train, n_inputs)

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return w, (in,), for inputs (n, in) and targets 0 or 1. Raises NotSeparableError if there is none."""
        examples = signed(inputs, targets)
        scale = float(np.sqrt(np.square(examples).mean())) or 1.0
        columns = np.concatenate([examples.T / scale, np.ones((1, len(examples)))])
        wanted = np.append(np.zeros(inputs.shape[1]), 1.0)
        try:
            multipliers, _ = nnls(columns, wanted, maxiter=10 * sum(columns.shape))
        except RuntimeError:  # it goes round in circles, as it may where the residual is 0
            multipliers = np.zeros(len(examples))
        support = examples[multipliers > 0]
        # Where margins are small the multipliers have lost digits, but not those which of them are 0.
        weight = np.asarray(np.linalg.lstsq(support, np.ones(len(support)))[0], dtype=np.float64)
        if not (examples @ weight >= 1.0 - _SEPARATED).all():
            raise NotSeparableError(
                f"the {len(targets)} examples are not separable by a hyperplane through the origin"
            )
        return {"weight": weight}


model = MaxMargin()
