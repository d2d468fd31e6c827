"""Two normal clouds in some dimensions, told apart by a plane."""

from functools import cache

import numpy as np
from pydantic import Field

from lawbook.axes import Axes
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask


class TwoBlobsAxes(Axes):
    samples: int = Field(64, ge=1, description="Examples in the pool.")


class TwoBlobs(PoolTask):
    """Classes about -1 and 1 along the first of 16 coordinates."""

    axes, inputs, loss = TwoBlobsAxes, "vector", "cross_entropy"

    def n_inputs(self, config):
        return 16

    def n_outputs(self, config):
        return 2

    def n_eval(self, config):
        return 256

    def n_pool(self, config):
        return 704

    def examples(self, config):
        return _examples()

    def splits(self, config):
        return dict(zip(("test", "validation", "pool"), np.split(np.arange(1024), [256, 320]), strict=True))


@cache
def _examples():
    rng = generator(0, "two blobs")
    labels = rng.integers(0, 2, 1024)
    points = rng.standard_normal((1024, 16))
    points[:, 0] += 2.0 * (labels - 0.5)
    return Examples(points.astype(np.float32), labels)


task = TwoBlobs()
