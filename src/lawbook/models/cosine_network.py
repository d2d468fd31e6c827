"""The network of cosines that adds modulo p: written down, not trained, as the truth for trained ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.models import Shapes, SolvedModel
from lawbook.seeds import generator
from lawbook.theory.modular_addition import (
    EVEN_PHASES,
    cosine_weights,
    even_phases,
    n_frequencies,
    random_phases,
)


class CosineNetworkAxes(Axes):
    """Axes of the network of cosines."""

    width: int = Field(128, ge=1, le=1 << 16, description="Quadratic units h.")
    phases: Literal["random", "even"] = Field(
        "random",
        description="Phases of the units: drawn by the seed, or those of 3(p-1) units that cancel exactly.",
    )


class CosineNetwork(SolvedModel):
    """f(x) = V (W x)² with the cosines of `lawbook.theory.modular_addition`; no example is looked at.

    Source: Gromov 2023, arXiv:2301.02679.
    """

    axes = CosineNetworkAxes
    reads = frozenset({"residues"})

    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return W (h, 2p) and V (p, h). Raises AxisError for a modulus without frequencies, or another width."""
        if n_outputs < 3:
            raise AxisError("modulus", n_outputs, "there is no frequency above 0", "write 3 or more")
        if config["phases"] == "even":
            wanted = EVEN_PHASES * n_frequencies(n_outputs)
            if n_outputs % 2 == 0:
                raise AxisError(
                    "modulus", n_outputs, "even phases are those of an odd modulus", "write an odd one"
                )
            if config["width"] != wanted:
                problem = f"phases cancel among {EVEN_PHASES} units of each frequency"
                raise AxisError("width", config["width"], problem, f"write {wanted}")
        return {"read": (config["width"], n_inputs), "write": (n_outputs, config["width"])}

    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return one for each weight."""
        return float(self.n_params(config, n_inputs, n_outputs))

    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[np.int64]
    ) -> dict[str, NDArray[np.float64]]:
        """Return W and V, for inputs (n, 2p)."""
        modulus = inputs.shape[1] // 2
        if config["phases"] == "even":
            frequencies, phases = even_phases(modulus)
        else:
            frequencies, phases = random_phases(modulus, config["width"], generator(config["seed"], "phases"))
        read, write = cosine_weights(modulus, frequencies, phases)
        return {"read": read, "write": write}

    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return V (W x)², (n, p), for inputs (n, 2p)."""
        return np.square(inputs @ weights["read"].T) @ weights["write"].T


model = CosineNetwork()
