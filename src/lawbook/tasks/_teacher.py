"""What the teacher–student tasks share: Gaussian inputs and a linear teacher, drawn anew for each seed.

x ~ N(0, I_N), y = 1[T·x > 0] with a unit vector T, drawn uniformly. A student w has the error of its angle to T,
so that every test error is the population's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask

BLOCK = 256
"""Examples that are drawn at once, always whole, so that the pools of one seed are nested in `samples`."""

LARGEST_POOL = 1 << 27
"""Numbers in a pool's inputs: half a gigabyte in float32."""


class TeacherTask(PoolTask):
    """Tell on which side of the teacher's hyperplane an example lies.

    A pool holds the examples 0 to samples - 1; those beside it, for probes of held-out data, come after it and
    are another draw.
    """

    inputs = "vector"
    loss = "cross_entropy"
    shape_axes = ("dimension",)
    drawn = True
    knows_margins = True

    def n_inputs(self, config: Config) -> int:
        """Return N, the dimension."""
        return int(config["dimension"])

    def n_outputs(self, config: Config) -> int:
        """Return two classes."""
        return 2

    def n_eval(self, config: Config) -> None:
        """Return None: the test error is the population's."""

    def check(self, config: Config) -> None:
        """Raise AxisError if the pool would not fit into memory."""
        if config["samples"] * config["dimension"] > LARGEST_POOL:
            problem = f"in {config['dimension']} dimensions these fill more than half a gigabyte"
            fix = f"choose at most {LARGEST_POOL // config['dimension']}"
            raise AxisError("samples", config["samples"], problem, fix)

    def examples(self, config: Config) -> Examples:
        """Return the pool, and after it the examples of a probe that learns held-out ones."""
        heldout = config.get("learns") == "heldout"
        return _examples(config["dimension"], config["samples"], config["seed"], heldout)

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the whole pool; nothing is held out, since the error is known."""
        none = np.arange(0)
        return {"pool": np.arange(config["samples"]), "validation": none, "test": none}

    def probe_pool(self, config: Config, pool: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the indices of an independent pool as large as `pool`."""
        return pool + int(config["samples"])

    def margins(self, config: Config) -> NDArray[np.float64]:
        """Return |p·x| of every example for the probe p, a unit vector; here the teacher."""
        inputs = self.examples(config).inputs
        return np.abs(inputs @ self.probe(config))

    def probe(self, config: Config) -> NDArray[np.float64]:
        """Return the unit vector (N,) that an oracle prunes by."""
        return teacher(config["dimension"], config["seed"])

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return the error ε = arccos(R)/π, R the cosine between student and teacher, as an arc tangent.

        It is exact near 0 and 1.
        """
        true, student = teacher(config["dimension"], config["seed"]), weights["weight"]
        along = float(student @ true)
        return {"error": float(np.arctan2(np.linalg.norm(student - along * true), along) / np.pi)}


def teacher(dimension: int, seed: int) -> NDArray[np.float64]:
    """Return a seed's teacher T, a unit vector (N,) of uniform direction."""
    return unit(generator(seed, "teacher").standard_normal(dimension))


def unit(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return v / ‖v‖."""
    return vector / np.linalg.norm(vector)


@lru_cache(maxsize=2)
def _examples(dimension: int, samples: int, seed: int, heldout: bool) -> Examples:
    purposes = ("examples", "held-out examples") if heldout else ("examples",)
    inputs = np.empty((len(purposes) * samples, dimension), dtype=np.float32)
    targets = np.empty(len(inputs), dtype=np.int64)
    true = teacher(dimension, seed)
    for part, purpose in enumerate(purposes):
        for start in range(0, samples, BLOCK):
            block = generator(seed, purpose, start // BLOCK).standard_normal(
                (BLOCK, dimension), dtype=np.float32
            )
            rows = slice(part * samples + start, part * samples + min(start + BLOCK, samples))
            size = rows.stop - rows.start
            inputs[rows], targets[rows] = block[:size], (block @ true > 0)[:size]
    return Examples(inputs, targets)
