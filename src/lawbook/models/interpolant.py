"""Interpolation on the flat torus: the nearest example, or straight lines between neighbours in one dimension."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.models import Shapes, SolvedModel


class InterpolantAxes(Axes):
    """Axes of interpolation."""

    degree: Literal[0, 1] = Field(
        0,
        description="0: what the nearest example says; 1: straight lines between examples, in one dimension.",
    )


class Interpolant(SolvedModel):
    """Say of x ∈ [0, 1)^d what its nearest example says, or what a line through its two neighbours does.

    Its parameters are the examples themselves.
    """

    axes = InterpolantAxes
    reads = frozenset({"torus"})
    targets = "real"

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return room for the examples. Raises AxisError for lines in several dimensions."""
        if config["degree"] and n_inputs > 1:
            problem = f"there are lines in one dimension, not in {n_inputs}"
            raise AxisError("degree", config["degree"], problem, "choose 0")
        samples = int(config["samples"])
        return {"places": (samples, n_inputs), "values": (samples, n_outputs)}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return n log₂ n, the comparisons of a sort."""
        return float(n_train * max(1.0, np.log2(n_train)))

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the examples, (n, d) and (n, k), by the first coordinate."""
        order = np.argsort(inputs[:, 0], kind="stable")
        return {"places": np.mod(inputs[order], 1.0), "values": targets[order]}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return what is interpolated at inputs (n, d), (n, k)."""
        places, values, at = weights["places"], weights["values"], np.mod(inputs, 1.0)
        if config["degree"] == 1:
            return np.stack([np.interp(at[:, 0], places[:, 0], y, period=1.0) for y in values.T], axis=1)
        from scipy.spatial import cKDTree

        _, nearest = cKDTree(places, boxsize=np.ones(places.shape[1])).query(at)
        return values[np.asarray(nearest)]


model = Interpolant()
