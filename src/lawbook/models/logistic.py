"""Logistic regression of two classes, without intercept, with a quadratic penalty."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import expit

from lawbook.axes import Axes, Config
from lawbook.errors import LawbookError
from lawbook.models._separator import Separator, signed

GRADIENT = 1e-10
"""Largest component of the gradient of the mean objective at a solution."""

_MOST_ROUNDS, _USUAL_ROUNDS = 200, 10
_SHORTEST = 2.0**-40
_ROUNDING = 1e-14
"""Relative error of the objective, below which the last steps cannot be seen to descend it."""


class LogisticAxes(Axes):
    """Axes of logistic regression."""

    ridge: float = Field(
        0.01,
        ge=1e-8,
        description="Penalty λ of ½‖w‖² beside the sum of the losses: 1/C of scikit-learn, and the precision of a "
        "Gaussian prior; the smaller, the nearer to the largest margin.",
    )


class Logistic(Separator):
    """w = argmin Σ_i log(1 + exp(-s_i w·x_i)) + λ/2 ‖w‖², s = ±1, by Newton's method with halved steps."""

    axes = LogisticAxes

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 10 · (2 · n · in² + 6 · n · in + in³): ten rounds with a matrix of second derivatives each."""
        products = 2.0 * n_train * n_inputs**2 + 6.0 * n_train * n_inputs
        return _USUAL_ROUNDS * (products + float(n_inputs) ** 3)

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return w, (in,), for inputs (n, in) and targets 0 or 1.

        The objective is descended as a mean, until no component of its gradient is above 1e-10. Raises
        LawbookError if that takes more than 200 rounds.
        """
        examples, n = signed(inputs, targets), len(targets)
        penalty = config["ridge"] / n
        weight = np.zeros(inputs.shape[1])
        right = np.zeros(n)  # s w·x
        value = float(np.log(2.0))
        for _ in range(_MOST_ROUNDS):
            doubt = expit(-right)
            gradient = penalty * weight - doubt @ examples / n
            if np.abs(gradient).max() <= GRADIENT:
                return {"weight": weight}
            curvature = (examples.T * (doubt * (1.0 - doubt) / n)) @ examples
            curvature.flat[:: len(weight) + 1] += penalty
            newton = -np.linalg.solve(curvature, gradient)
            along, slope, length = examples @ newton, float(gradient @ newton), 1.0
            while True:
                moved, moved_right = weight + length * newton, right + length * along
                found = _mean_objective(moved, moved_right, penalty)
                if found <= value * (1.0 + _ROUNDING) + 1e-4 * length * slope or length < _SHORTEST:
                    break
                length /= 2.0
            weight, right, value = moved, moved_right, found
        problem = f"ridge = {config['ridge']:g}: no solution within {_MOST_ROUNDS} rounds"
        raise LawbookError(f"{problem}; choose a larger one")


def _mean_objective(weight: NDArray[np.float64], right: NDArray[np.float64], penalty: float) -> float:
    return float(np.logaddexp(0.0, -right).mean() + penalty / 2.0 * (weight @ weight))


model = Logistic()
