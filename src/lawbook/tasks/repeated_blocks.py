"""A text of blocks, each of one repeated letter, whose lengths have a power-law tail: its statistics are known exactly.

P(length ≥ l) = l^-μ; the letter of a block is another than that of the one before. `lawbook.theory.repeated_blocks` has
the decay of its covariance and of its conditional entropy, from which an exponent of learning is predicted before
training.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask
from lawbook.theory.repeated_blocks import mean_length, survival

EVALUATED = 512
"""Windows on which a run is validated, and as many on which it is tested."""


class RepeatedBlocksAxes(Axes):
    """Axes of the text of repeated blocks."""

    samples: int = Field(4096, ge=1, description="Windows in the pool, each of `context` letters.")
    context: int = Field(32, ge=2, le=1 << 12, description="Letters in a window, T.")
    vocabulary: int = Field(2, ge=2, le=1 << 10, description="Letters V.")
    tail: float = Field(2.0, gt=1, le=10, description="μ of the lengths of blocks, P(length ≥ l) = l^-μ.")
    letters: int = Field(
        1 << 22,
        ge=1 << 12,
        le=1 << 27,
        description="Letters of the text from which the windows of the pool are cut.",
    )


class RepeatedBlocks(PoolTask):
    """Predict each letter of a window from those before it; every letter is a target, the loss their mean.

    The text is one for all runs that agree in `vocabulary`, `tail` and `letters`; windows follow one another.
    """

    axes = RepeatedBlocksAxes
    inputs = "tokens"
    loss = "cross_entropy"
    shape_axes = ("context", "vocabulary", "tail", "letters")

    def n_inputs(self, config: Config) -> int:
        """Return T, the letters in a window."""
        return int(config["context"])

    def n_outputs(self, config: Config) -> int:
        """Return V, the letters there are."""
        return int(config["vocabulary"])

    def n_eval(self, config: Config) -> int:
        """Return the number of letters that a run is tested on."""
        return EVALUATED * self.n_inputs(config)

    def n_pool(self, config: Config) -> int:
        """Return how many windows there are to draw a pool from."""
        return int(config["letters"]) // int(config["context"])

    def check(self, config: Config) -> None:
        """Raise AxisError for more windows than the text has, or for pruning, which no metric here does to text."""
        super().check(config)
        if config["keep_fraction"] < 1:
            problem, fix = "the windows of a text are not pruned", "leave it at 1; write fewer samples"
            raise AxisError("keep_fraction", config["keep_fraction"], problem, fix)

    def examples(self, config: Config) -> Examples:
        """Return all windows (n, T), the test split's first, and the letters that follow each."""
        return _windows(*(config[axis] for axis in ("vocabulary", "tail", "letters", "context")))

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the windows of the pool, and those for validation and test, which come before it in the text."""
        ends = np.cumsum([EVALUATED, EVALUATED, self.n_pool(config)])
        starts = np.append(0, ends[:-1])
        names = ("test", "validation", "pool")
        return {name: np.arange(start, end) for name, start, end in zip(names, starts, ends, strict=True)}


@lru_cache(maxsize=4)
def _windows(vocabulary: int, tail: float, letters: int, context: int) -> Examples:
    n = 2 * EVALUATED + letters // context
    text = draw_text(generator(0, "repeated blocks"), n * context + 1, tail, vocabulary)
    return Examples(text[:-1].reshape(n, context), text[1:].reshape(n, context))


def draw_text(rng: np.random.Generator, letters: int, tail: float, vocabulary: int) -> NDArray[np.int64]:
    """Return a stationary text (letters,): its first block has begun before it, as long as chance had it.

    >>> draw_text(np.random.default_rng(0), 12, 2.0, 2).tolist()
    [0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    """
    left = 1 - np.cumsum(survival(np.arange(1, letters + 1), tail)) / mean_length(tail)
    lengths = [1 + np.searchsorted(-left, -rng.random(1))]  # P(what is left of it > n) = Σ_{j>n} Q(j) / m
    while sum(int(part.sum()) for part in lengths) < letters:
        drawn = rng.random(letters // 2 + 8) ** (-1 / tail)
        lengths.append(np.minimum(drawn, letters).astype(np.int64))
    blocks = np.concatenate(lengths)
    steps = (
        rng.integers(1, vocabulary, len(blocks)) if vocabulary > 2 else np.ones(len(blocks), dtype=np.int64)
    )
    of_block = (rng.integers(vocabulary) + np.cumsum(steps)) % vocabulary
    return np.repeat(of_block, blocks)[:letters].astype(np.int64)


task = RepeatedBlocks()
