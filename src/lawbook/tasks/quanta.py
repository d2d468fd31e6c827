"""The quanta sampler: facts of Zipf frequencies, each known once it is seen, the task of the exact quantization model.

An example is the rank k of one of K facts, drawn with p_k ∝ k^-(1+α). A learner that knows the facts of its pool and
nothing of the others errs on Σ_k p_k [k not seen]; `lawbook.theory.quanta` has the expectation, Σ_k p_k (1 - p_k)^D.

Source: Hutter 2021, "Learning curve theory", arXiv:2102.04074, section 3.
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
from lawbook.theory.quanta import frequencies


class QuantaAxes(Axes):
    """Axes of the quanta sampler."""

    n_tasks: int = Field(1_000_000, ge=1, le=1 << 24, description="Facts K.")
    alpha: float = Field(0.5, ge=0, description="α of the frequencies p_k ∝ k^-(1+α).")
    samples: int = Field(1000, ge=1, le=1 << 24, description="Pool size D: facts drawn, with repeats.")


class Quanta(PoolTask):
    """Know the facts that will be asked for.

    Pools of one seed and α are nested in `samples`. The test error is the population's.
    """

    axes = QuantaAxes
    inputs = "facts"
    loss = "cross_entropy"
    shape_axes = ("n_tasks",)
    drawn = True

    def n_inputs(self, config: Config) -> int:
        """Return one input, the rank of a fact."""
        return 1

    def n_outputs(self, config: Config) -> int:
        """Return two answers: known or not."""
        return 2

    def n_eval(self, config: Config) -> None:
        """Return None: the test error is the population's."""

    def check(self, config: Config) -> None:
        """Raise AxisError for pruning."""
        if config["keep_fraction"] != 1:
            raise AxisError("keep_fraction", config["keep_fraction"], "facts are not pruned", "leave it at 1")

    def examples(self, config: Config) -> Examples:
        """Return the pool: the ranks k (D, 1) of the facts, from 1, and the answer 1 for each: it becomes known."""
        drawn = _facts(config["n_tasks"], config["alpha"], config["samples"], config["seed"])
        return Examples((1 + drawn[:, None]).astype(np.float32), np.ones(len(drawn), dtype=np.int64))

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the whole pool; nothing is held out, since the error is known."""
        none = np.arange(0)
        return {"pool": np.arange(config["samples"]), "validation": none, "test": none}

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return the error Σ_k p_k [k not seen], for `seen`, the ranks of the facts that are known, each once."""
        p = frequencies(config["n_tasks"], config["alpha"]).copy()
        p[weights["seen"].astype(np.int64) - 1] = 0.0
        return {"error": float(p.sum())}


@lru_cache(maxsize=2)
def _facts(n_tasks: int, alpha: float, samples: int, seed: int) -> NDArray[np.int64]:
    """Draw facts, from 0, by inverting the distribution function of the frequencies."""
    uniform = generator(seed, "facts").random(samples)
    return np.minimum(np.searchsorted(_cumulative(n_tasks, alpha), uniform, side="right"), n_tasks - 1)


@lru_cache(maxsize=4)
def _cumulative(n_tasks: int, alpha: float) -> NDArray[np.float64]:
    return np.cumsum(frequencies(n_tasks, alpha))


task = Quanta()
