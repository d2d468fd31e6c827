"""Sparse features: vectors most of whose numbers are 0, drawn afresh at every step, to be given back as they are.

`lawbook.theory.sparse_features` has what is known of the loss and of the geometry, and the sources.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask
from lawbook.theory.sparse_features import probabilities

TESTED, _CHUNK = 4096, 1024
"""Examples of the test split, other ones for each seed, and how many are made at once."""


class SparseFeaturesAxes(Axes):
    """Axes of the task sparse_features."""

    features: int = Field(512, ge=2, le=1 << 16, description="Features n, numbers in an example.")
    alpha: float = Field(0.0, ge=-1, description="α of the frequencies p_i ∝ i^-(1+α); -1 for all alike.")


class SparseFeatures(StreamTask):
    """Give back x: feature i is on with p_i ∝ i^-(1+α), one on the mean, and then is uniform in [0, 2].

    Source: Liu, Liu & Gore 2025, arXiv:2505.10465, section 2. The loss recorded is the sum over features, which the
    source divides by n.
    """

    axes = SparseFeaturesAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("features",)

    def n_inputs(self, config: Config) -> int:
        """Return n."""
        return int(config["features"])

    def n_outputs(self, config: Config) -> int:
        """Return n."""
        return int(config["features"])

    def open(self, configs: Sequence[Config]) -> FeatureStream:
        """Return the examples of a stack of runs that share the number of features and the batch size."""
        return FeatureStream(configs)


class FeatureStream:
    """The examples of R runs: functions of (seed, step), shared by the runs of one seed and α."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._shape = (configs[0]["batch_size"], configs[0]["features"])
        self._draws = [(config["seed"], config["alpha"]) for config in configs]
        self._hits = {alpha: _Hits(self._shape[1], alpha) for _, alpha in self._draws}

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the inputs (R, B, n), and the same as targets."""
        inputs = self._examples("examples", step, self._shape[0])
        return inputs, inputs

    def _examples(self, purpose: str, counter: int, n: int) -> NDArray[np.float32]:
        inputs = np.zeros((len(self._draws), n, self._shape[1]), dtype=np.float32)
        drawn: dict[tuple[int, float], Any] = {}
        for run, (seed, alpha) in enumerate(self._draws):
            if (seed, alpha) not in drawn:
                drawn[seed, alpha] = self._hits[alpha].draw(generator(seed, purpose, counter), n)
            rows, columns, values = drawn[seed, alpha]
            inputs[run, rows, columns] = values
        return inputs

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the mean over examples of the squared error summed over features."""
        total = np.zeros(len(self._draws))
        for chunk in range(TESTED // _CHUNK):
            inputs = self._examples("test", chunk, _CHUNK)
            errors = predict(inputs).astype(np.float64) - inputs
            total += np.square(errors).sum((1, 2))
        return {("test", "loss"): total / TESTED}


class _Hits:
    """Which features are on, at a cost that grows with their number alone.

    A feature is on where a Poisson number of mean -ln(1 - p) is not 0: so the hits of a batch are a Poisson number
    of independent ones, and those upon one place are one.
    """

    def __init__(self, features: int, alpha: float) -> None:
        means = -np.log1p(-probabilities(features, alpha))
        self._mean, self._upto = float(means.sum()), np.cumsum(means) / means.sum()

    def draw(
        self, rng: np.random.Generator, n: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Return example, feature and value of each hit upon n examples."""
        hits = rng.poisson(n * self._mean)
        columns = np.minimum(np.searchsorted(self._upto, rng.random(hits)), len(self._upto) - 1)
        return rng.integers(n, size=hits), columns, 2 * rng.random(hits, dtype=np.float32)


task = SparseFeatures()
