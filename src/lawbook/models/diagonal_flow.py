"""Gradient flow of a diagonal linear network of two layers, solved: f(x) = Σ_i u_i v_i x_i from u = √2 α, v = 0."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.integrate import solve_ivp

from lawbook.axes import Axes, Config
from lawbook.models import Shapes, SolvedModel
from lawbook.theory.correlated_regression import LONGEST

Floats = NDArray[np.float64]

_BETWEEN, _LARGEST = 8, 60.0
"""Points for each step of the solver; the largest exponent, which no coefficient of a problem comes near."""


class DiagonalFlowAxes(Axes):
    """Axes of the flow, beside the `duration` of its task."""

    start_scale: float = Field(1e-8, gt=0, lt=1, description="Scale α of the weights at the start.")


class DiagonalFlow(SolvedModel):
    """β = α² sinh 2S with dS/dt = c - H β, H = Σ x xᵀ / n and c = Σ x y / n: half the mean squared error, followed.

    The equation is integrated with a relative tolerance of 10⁻⁸ in S, of which β near 0 is a function without loss.
    """

    axes = DiagonalFlowAxes
    reads = frozenset({"coordinates"})
    targets = "real"

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return the two layers, (in,) each."""
        return {"first": (n_inputs,), "second": (n_inputs,)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return 2 · in² for each of some thousand evaluations of the velocity."""
        return 4e3 * n_inputs**2

    def solve(self, config: Config, inputs: Floats, targets: Floats) -> dict[str, Floats]:
        """Return the path: β (T, in) at times τ (T,), and the unit of time ln(1/α), (1,), for targets (n, 1)."""
        second, c = inputs.T @ inputs / len(inputs), inputs.T @ targets[:, 0] / len(inputs)
        times, path = _path(second.tobytes(), c.tobytes(), config["start_scale"], LONGEST)
        within = int(np.searchsorted(times, config["duration"]))
        last = [np.interp(config["duration"], times, one) for one in path.T]
        return {
            "times": np.append(times[:within], config["duration"]),
            "path": np.vstack([path[:within], last]),
            "unit": np.array([np.log(1 / config["start_scale"])]),
        }

    def outputs(self, config: Config, weights: Mapping[str, Floats], inputs: Floats) -> Floats:
        """Return X β at the end of the path, (n, 1)."""
        return np.asarray(inputs @ weights["path"][-1][:, None])


@lru_cache(maxsize=32)
def _path(second: bytes, c: bytes, start_scale: float, longest: float) -> tuple[Floats, Floats]:
    """Integrate the flow up to a time; return times τ (T,) in units of ln(1/α), and β (T, d)."""
    gain = np.frombuffer(c)
    matrix, unit = np.frombuffer(second).reshape(len(gain), -1), np.log(1 / start_scale)

    def grown(dual: Floats) -> tuple[Floats, Floats]:
        exponents = np.minimum(2 * np.stack([dual, -dual]) - 2 * unit, _LARGEST)
        up, down = np.exp(exponents)
        return up, down

    def velocity(_: float, dual: Floats) -> Floats:
        up, down = grown(dual)
        return np.asarray(gain - matrix @ ((up - down) / 2))

    def jacobian(_: float, dual: Floats) -> Floats:
        return np.asarray(-matrix * sum(grown(dual)))

    flow = solve_ivp(
        velocity, (0.0, longest * unit), np.zeros(len(gain)), method="LSODA", jac=jacobian, dense_output=True,
        rtol=1e-8, atol=1e-8,
    )  # fmt: skip
    parts = np.arange(_BETWEEN) / _BETWEEN
    times = np.append((flow.t[:-1, None] + np.diff(flow.t)[:, None] * parts).ravel(), flow.t[-1])
    assert flow.sol is not None, "it is asked for"
    up, down = grown(flow.sol(times).T)
    return times / unit, (up - down) / 2


model = DiagonalFlow()
