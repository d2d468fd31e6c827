"""Modular addition: the table of (a + b) mod p, of which some entries are given and the others are to be found."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask


class ModularAdditionAxes(Axes):
    """Axes of modular addition."""

    modulus: int = Field(31, ge=2, le=256, description="p: the table has p² pairs, and p classes.")
    samples: int = Field(
        480,
        ge=1,
        description="Pairs that are given, drawn by the seed; all others are the test split. 480 are half of 31².",
    )


class ModularAddition(PoolTask):
    """Tell (a + b) mod p, from a and b as two vectors of zeros and one 1, one after the other.

    Source: Power et al. 2022, arXiv:2201.02177; the inputs are those of Gromov 2023, arXiv:2301.02679.
    """

    axes = ModularAdditionAxes
    inputs = "vector"
    loss = "squared_error"
    shape_axes = ("modulus",)

    def n_inputs(self, config: Config) -> int:
        """Return 2p."""
        return 2 * int(config["modulus"])

    def n_outputs(self, config: Config) -> int:
        """Return p classes."""
        return int(config["modulus"])

    def n_eval(self, config: Config) -> int:
        """Return the number of pairs that are not given."""
        return int(config["modulus"]) ** 2 - int(config["samples"])

    def n_pool(self, config: Config) -> int:
        """Return the number of pairs that are given: those that are not are the test split."""
        return int(config["samples"])

    def check(self, config: Config) -> None:
        """Raise AxisError if no pair is left to be found."""
        if self.n_eval(config) < 1:
            pairs = config["modulus"] ** 2
            problem = f"the table of modulus {config['modulus']} has {pairs:,} pairs, and one has to be left"
            raise AxisError("samples", config["samples"], problem, f"give at most {pairs - 1}")

    def examples(self, config: Config) -> Examples:
        """Return all pairs, a · p + b in order: inputs (p², 2p) and sums (p²,)."""
        return _examples(config["modulus"])

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the pairs that are given as the pool, and all others as the test split.

        Pools of one seed are nested in `samples`.
        """
        # What tells whether the data have changed asks by the task's axes alone: any one seed answers that.
        order = generator(config.get("seed", 0), "pairs").permutation(config["modulus"] ** 2)
        return {
            "pool": np.sort(order[: config["samples"]]),
            "validation": np.arange(0),
            "test": np.sort(order[config["samples"] :]),
        }


@cache
def _examples(modulus: int) -> Examples:
    first, second = np.divmod(np.arange(modulus**2), modulus)
    unit = np.eye(modulus, dtype=np.float32)
    return Examples(np.hstack([unit[first], unit[second]]), (first + second) % modulus)


task = ModularAddition()
