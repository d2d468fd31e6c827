"""Two Wiener filters: the best linear estimates from noisy vectors, one from each half of the examples."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Axes, Config
from lawbook.models import Shapes, SolvedModel
from lawbook.theory.digit_patches import filters


class WienerPairAxes(Axes):
    """The filters have no axes of their own."""


class WienerPair(SolvedModel):
    """f(y) = W y + (1 - W) μ with W = C (C + σ²)^-1, by mean μ and covariance C of each half; σ² is the task's.

    The last number of an input is that of its half.
    """

    axes = WienerPairAxes
    reads = frozenset({"halves"})
    targets = "real"

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return a matrix and a vector for each half."""
        return {"slope": (2, n_outputs, n_outputs), "constant": (2, n_outputs)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 2 n d² of the covariances and 2 · (8/3) d³ of the systems (Golub & Van Loan 2013, section 3.2)."""
        return 2.0 * n_train * n_outputs**2 + 16 / 3 * float(n_outputs) ** 3

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the filters for inputs (n, d + 1), clean ones."""
        found = []
        for half in (0, 1):
            clean = inputs[inputs[:, -1] == half, :-1]
            covariance = np.cov(clean, rowvar=False, bias=True).reshape(clean.shape[1], -1)
            found.append(filters(clean.mean(axis=0), covariance, config["noise_variance"]))
        slope, constant = zip(*found, strict=True)
        return {"slope": np.stack(slope), "constant": np.stack(constant)}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what the filter of its own half makes of each input, (n, d)."""
        found = np.empty((len(inputs), inputs.shape[1] - 1))
        for half, (slope, constant) in enumerate(zip(weights["slope"], weights["constant"], strict=True)):
            of_half = inputs[:, -1] == half
            found[of_half] = inputs[of_half, :-1] @ slope.T + constant
        return found


model = WienerPair()
