"""Facts of Zipf frequencies, orthonormal inputs and outputs, for a linear memory; each example is seen once.

`lawbook.theory.zipf_memory` has what SGD, signs and Muon make of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask
from lawbook.theory.quanta import frequencies


class ZipfMemoryAxes(Axes):
    """Axes of the task zipf_memory."""

    n_facts: int = Field(192, ge=1, le=1 << 20, description="Facts K: inputs and outputs.")
    alpha: float = Field(0.5, ge=0, description="α of the frequencies p_k ∝ k^-(1+α).")
    draws: Literal["sampled", "population"] = Field(
        "sampled", description="Whether a batch is drawn, or holds every fact by its frequency."
    )
    rows: Literal["examples", "batch"] = Field(
        "examples",
        description="Whether a row of the inputs is an example, or the whole batch, √(n_k / B) of each fact k. To a "
        "diagonal network both are the same, and the second takes the time of one example.",
    )


class ZipfMemory(StreamTask):
    """Answer fact k, x = e_k, by y = e_k. The test loss is the population's, Σ_k p_k ‖W e_k - e_k‖².

    `unseen` is the share Σ_k p_k of the facts whose answer is 0 still: of them the memory knows nothing.
    """

    axes = ZipfMemoryAxes
    inputs = "vector"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("n_facts", "rows")
    metrics = ("unseen",)

    def n_inputs(self, config: Config) -> int:
        """Return K, the number of facts."""
        return int(config["n_facts"])

    def n_outputs(self, config: Config) -> int:
        """Return K, the number of facts."""
        return int(config["n_facts"])

    def check(self, config: Config) -> None:
        """Raise AxisError for all facts of the population as examples, which have no whole numbers, or another loss."""
        if config["draws"] == "population" and config["rows"] == "examples":
            problem = "facts by their frequencies are no whole number of examples"
            raise AxisError("rows", config["rows"], problem, "write rows: batch, or draws: sampled")
        if config["loss"] not in (None, "squared_error"):
            problem = "what is recorded is the squared error"
            raise AxisError("loss", config["loss"], problem, "leave it out")

    def open(self, configs: Sequence[Config]) -> Facts:
        """Return the batches of a stack of runs that share facts, rows and batch size."""
        return Facts(configs)


class Facts:
    """The batches of R runs: functions of (seed, step), shared by the runs of one seed and α."""

    def __init__(self, configs: Sequence[Config]) -> None:
        config = configs[0]
        self._configs = configs
        self._size, self._facts, self._rows = config["batch_size"], config["n_facts"], config["rows"]
        self._p = np.stack([frequencies(one["n_facts"], one["alpha"]) for one in configs])
        self._cumulative = np.cumsum(self._p, axis=1)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (R, B, K), or (R, 1, K) of whole batches, and the same as targets."""
        n_rows = self._size if self._rows == "examples" else 1
        inputs = np.zeros((len(self._configs), n_rows, self._facts), dtype=np.float32)
        for run, config in enumerate(self._configs):
            if config["draws"] == "population":
                inputs[run, 0] = np.sqrt(self._p[run])
                continue
            uniform = generator(config["seed"], "facts", step).random(self._size)
            drawn = np.searchsorted(self._cumulative[run], uniform, side="right").clip(max=self._facts - 1)
            if self._rows == "examples":
                inputs[run, np.arange(self._size), drawn] = 1.0
            else:
                seen, counts = np.unique(drawn, return_counts=True)
                inputs[run, 0, seen] = np.sqrt(counts / self._size)
        return inputs, inputs

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the loss of the population and the share of facts without an answer."""
        asked = np.ones((1, self._facts)) if self._rows == "batch" else np.eye(self._facts)
        answers = predict(np.tile(asked.astype(np.float32), (len(self._configs), 1, 1))).astype(np.float64)
        if self._rows == "batch":
            missing, silent = np.square(answers[:, 0] - 1), answers[:, 0] == 0
        else:
            missing, silent = np.square(answers - asked).sum(axis=2), ~answers.any(axis=2)
        return {
            ("test", "loss"): (self._p * missing).sum(axis=1),
            ("test", "unseen"): (self._p * silent).sum(axis=1),
        }


task = ZipfMemory()
