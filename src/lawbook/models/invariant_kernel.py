"""Kernel ridge regression on the torus or the sphere, with the kernel averaged over a cyclic group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.linalg import solve

from lawbook.axes import Axes, Config
from lawbook.models import Shapes, SolvedModel
from lawbook.theory._harmonics import harmonics, invariant
from lawbook.theory.invariance import eigenvalues


class InvariantKernelAxes(Axes):
    """Axes of kernel regression averaged over a group."""

    group_elements: int = Field(
        1,
        ge=0,
        description="Elements |G| of the cyclic group that the kernel is averaged over; 0 for all turns.",
    )
    kernel_exponent: float = Field(
        4.0, gt=0, description="a: the kernel has the eigenvalue (1 + level²)^(-a/2)."
    )
    ridge: float = Field(
        0.001, gt=0, description="λ: what is least is the mean squared error plus λ times the norm squared."
    )
    ridge_exponent: float = Field(0.0, ge=0, description="r: with n examples the ridge is λ n^-r.")


class InvariantKernel(SolvedModel):
    """f = argmin (1/n) Σ (f(x_i) - y_i)² + λ ‖f‖², in the functions that the averaged kernel spans.

    (1/|G|) Σ_g k(x, g y) is the sum of λ_i φ_i(x) φ_i(y) over the harmonics that the group leaves as they are. Its
    parameters are the coefficients w = ΛΦᵀ (ΦΛΦᵀ + nλ)^-1 y of all harmonics.
    """

    axes = InvariantKernelAxes
    reads = frozenset({"manifold"})
    targets = "real"

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return one weight (harmonics, out)."""
        return {"weight": (self._kept(config, 1).size, n_outputs)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 2 n K min(n, K) + min(n, K)³ for the K harmonics that are left: a product and a Cholesky factor."""
        kept = int(self._kept(config, config["group_elements"]).sum())
        least = min(n_train, kept)
        return 2.0 * n_train * kept * least + float(least) ** 3

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return w (K, out) for points (n, 2) or (n, 3) and targets (n, out)."""
        n, kept = len(inputs), self._kept(config, config["group_elements"])
        root = np.sqrt(eigenvalues(config["manifold"], config["cutoff"], config["kernel_exponent"])[kept])
        features = root * harmonics(config["manifold"], config["cutoff"], inputs, kept)
        ridge = n * config["ridge"] * float(n) ** -config["ridge_exponent"]
        if n < len(root):
            dual = solve(features @ features.T + ridge * np.eye(n), targets, assume_a="pos")
            found = features.T @ dual
        else:
            found = solve(
                features.T @ features + ridge * np.eye(len(root)), features.T @ targets, assume_a="pos"
            )
        weight = np.zeros((len(kept), targets.shape[1]))
        weight[kept] = root[:, None] * found
        return {"weight": weight}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return Φ w, (n, out)."""
        kept = self._kept(config, config["group_elements"])
        features = harmonics(config["manifold"], config["cutoff"], inputs, kept)
        return np.asarray(features @ weights["weight"][kept])

    def _kept(self, config: Config, elements: int) -> NDArray[np.bool_]:
        return invariant(config["manifold"], config["cutoff"], elements)


model = InvariantKernel()
