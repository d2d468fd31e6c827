"""Kernel ridge regression, without intercept: interpolates where the ridge is 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from lawbook.axes import Axes, Config
from lawbook.models import Shapes, SolvedModel


class KernelRidgeAxes(Axes):
    """Axes of kernel ridge regression."""

    kernel: Literal["linear", "laplace", "gaussian"] = Field(
        "linear", description="x·x', exp(-‖x - x'‖/ℓ), or exp(-‖x - x'‖²/2ℓ²)."
    )
    length: float = Field(1.0, gt=0, description="Length ℓ of a kernel of distances, in units of the inputs.")
    ridge: float = Field(0.0, ge=0, description="Ridge δ on the diagonal of the kernel's matrix; 0 for none.")


class KernelRidge(SolvedModel):
    """f(x) = Σ_i k(x, x_i) α_i, with (k(X, X) + δ I) α = Y.

    Of a linear kernel the solution is one map, Xᵀ α; without a ridge it is that of smallest norm.
    """

    axes = KernelRidgeAxes
    reads = frozenset({"vector", "image"})
    targets = "real"

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one weight (in, out) of a linear kernel, and α (n, out) of another."""
        if config["kernel"] == "linear":
            return {"weight": (n_inputs, n_outputs)}
        return {"dual": (config["samples"], n_outputs)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 2 n² in + n³/3: the kernel's matrix and its Cholesky factor."""
        return 2.0 * n_train**2 * n_inputs + n_train**3 / 3.0

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the map (in, out) of a linear kernel, else α (n, out) and the examples, for inputs (n, in)."""
        if config["kernel"] != "linear":
            return {
                "dual": dual(kernel(config, inputs, inputs), targets, config["ridge"]),
                "examples": inputs,
            }
        if config["ridge"] == 0.0 and len(inputs) >= inputs.shape[1]:
            return {"weight": np.asarray(np.linalg.lstsq(inputs, targets)[0], dtype=np.float64)}
        return {"weight": inputs.T @ dual(inputs @ inputs.T, targets, config["ridge"])}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return f(x), (n, out)."""
        if "weight" in weights:
            return inputs @ weights["weight"]
        return kernel(config, inputs, weights["examples"]) @ weights["dual"]


def kernel(config: Config, left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute k(x, x') for each of (n, in) with each of (m, in), (n, m)."""
    products = left @ right.T
    if config["kernel"] == "linear":
        return products
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1) - 2.0 * products
    squares = np.maximum(squares, 0.0) / config["length"] ** 2
    if left is right:
        np.fill_diagonal(squares, 0.0)
    return np.asarray(np.exp(-squares / 2.0 if config["kernel"] == "gaussian" else -np.sqrt(squares)))


def dual(matrix: NDArray[np.float64], targets: NDArray[np.float64], ridge: float) -> NDArray[np.float64]:
    """Compute α = (K + δ I)⁻¹ Y, (n, out), of smallest norm where K is singular and there is no ridge."""
    ridged = matrix + ridge * np.eye(len(matrix))
    try:
        return np.asarray(cho_solve(cho_factor(ridged), targets), dtype=np.float64)
    except LinAlgError:
        return np.asarray(np.linalg.lstsq(ridged, targets)[0], dtype=np.float64)


model = KernelRidge()
