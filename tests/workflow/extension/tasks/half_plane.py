"""Points of a plane, told apart by the sign of their first coordinate."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask

N = 512


class HalfPlaneAxes(Axes):
    """Axes of the task."""

    samples: int = Field(64, ge=1, description="Examples in the pool.")


class HalfPlane(PoolTask):
    """Two classes that a line parts."""

    axes = HalfPlaneAxes
    inputs = "vector"
    loss = "cross_entropy"

    def n_inputs(self, config: Config) -> int:
        """Return two coordinates."""
        return 2

    def n_outputs(self, config: Config) -> int:
        """Return two classes."""
        return 2

    def n_eval(self, config: Config) -> int:
        """Return the number of test examples."""
        return 128

    def n_pool(self, config: Config) -> int:
        """Return how many examples a pool may be drawn from."""
        return N - 192

    def examples(self, config: Config) -> Examples:
        """Return all points with their classes."""
        return _examples()

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the pool, the validation and the test split."""
        every = np.arange(N)
        return {"pool": every[192:], "validation": every[128:192], "test": every[:128]}


@cache
def _examples() -> Examples:
    inputs = generator(0, "half plane").standard_normal((N, 2)).astype(np.float32)
    return Examples(inputs, (inputs[:, 0] > 0).astype(np.int64))


task = HalfPlane()
