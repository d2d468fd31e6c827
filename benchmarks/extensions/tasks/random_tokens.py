"""Random tokens of any vocabulary: text of which nothing can be learned, to time steps on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask

N_POOL, N_TEST = 1024, 8


class RandomTokensAxes(Axes):
    """Axes of the task random_tokens."""

    samples: int = Field(N_POOL, ge=1, le=N_POOL, description="Windows in the pool.")
    context: int = Field(64, ge=2, description="Tokens in a window, T.")
    vocabulary: int = Field(128, ge=2, description="Tokens that there are, V.")


class RandomTokens(PoolTask):
    """Windows of independent tokens, each uniform among V; the loss is no lower than log V."""

    axes = RandomTokensAxes
    inputs = "tokens"
    loss = "cross_entropy"
    shape_axes = ("context", "vocabulary")

    def n_inputs(self, config: Config) -> int:
        """Return T, the tokens in a window."""
        return int(config["context"])

    def n_outputs(self, config: Config) -> int:
        """Return the size of the vocabulary."""
        return int(config["vocabulary"])

    def n_eval(self, config: Config) -> int:
        """Return the number of tokens that a run is tested on."""
        return N_TEST * self.n_inputs(config)

    def examples(self, config: Config) -> Examples:
        """Return all windows (n, T) and the tokens that follow each."""
        return _windows(config["context"], config["vocabulary"])

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the windows of the pool and of the test split; there is nothing to validate."""
        places = np.arange(N_POOL + N_TEST)
        return {"pool": places[:N_POOL], "validation": places[:0], "test": places[N_POOL:]}


@cache
def _windows(context: int, vocabulary: int) -> Examples:
    rng = generator(0, "random tokens")
    tokens = rng.integers(vocabulary, size=(N_POOL + N_TEST, context + 1))
    return Examples(tokens[:, :-1].copy(), tokens[:, 1:].copy())


task = RandomTokens()
