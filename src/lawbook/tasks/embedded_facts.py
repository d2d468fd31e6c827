"""Facts whose inputs are random directions, fewer dimensions than facts, each with a class of its own.

Orthonormal facts are those of `zipf_memory`; here every step for one fact moves all others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config
from lawbook.seeds import generator
from lawbook.tasks import Predict, StreamTask


class EmbeddedFactsAxes(Axes):
    """Axes of the task embedded_facts."""

    n_facts: int = Field(64, ge=2, le=1 << 12, description="Facts K, each a class.")
    dimension: int = Field(64, ge=1, le=1 << 12, description="Inputs d.")
    zipf_exponent: float = Field(1.5, ge=0, description="s of the frequencies p_k ∝ k^-s; 0: all alike.")


class EmbeddedFacts(StreamTask):
    """Answer x_k, uniform on the sphere of R^d and drawn by the seed, by the class k of K, asked with p_k ∝ k^-s.

    A batch holds all facts, each once in an order of its own, and weighs them by K p_k: a step is one of descent on the
    population's loss -Σ_k p_k log softmax(f(x_k))_k, which is the test loss.
    """

    axes = EmbeddedFactsAxes
    inputs = "vector"
    targets = "real"
    loss = "soft_cross_entropy"
    shape_axes = ("n_facts", "dimension")

    def n_inputs(self, config: Config) -> int:
        """Return d."""
        return int(config["dimension"])

    def n_outputs(self, config: Config) -> int:
        """Return K, the number of classes."""
        return int(config["n_facts"])

    def check(self, config: Config) -> None:
        """Raise AxisError for a batch that does not hold each fact once, or another loss."""
        facts, batch_size = config["n_facts"], config["batch_size"]
        if batch_size != facts:
            raise AxisError("batch_size", batch_size, "a batch has each fact once", f"write {facts}")
        if config["loss"] not in (None, "soft_cross_entropy"):
            raise AxisError("loss", config["loss"], "what is recorded is the cross-entropy", "leave it out")

    def open(self, configs: Sequence[Config]) -> Population:
        """Return the facts of a stack of runs that share their number and dimension."""
        return Population(configs)


class Population:
    """The facts of R runs, at every step in another order."""

    def __init__(self, configs: Sequence[Config]) -> None:
        facts, dimension = configs[0]["n_facts"], configs[0]["dimension"]
        self._seeds = [one["seed"] for one in configs]
        drawn = np.stack([generator(one["seed"], "facts").normal(size=(facts, dimension)) for one in configs])
        self._inputs = (drawn / np.linalg.norm(drawn, axis=2, keepdims=True)).astype(np.float32)
        exponents = np.array([[one["zipf_exponent"]] for one in configs])
        p = np.arange(1, facts + 1, dtype=np.float64) ** -exponents
        self._p = p / p.sum(axis=1, keepdims=True)
        self._targets = (facts * self._p[:, :, None] * np.eye(facts)).astype(np.float32)

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return inputs (R, K, d) and the weight of each class in each example, (R, K, K)."""
        facts = self._p.shape[1]
        orders = np.stack([generator(seed, "order", step).permutation(facts) for seed in self._seeds])
        return (
            np.take_along_axis(self._inputs, orders[:, :, None], 1),
            np.take_along_axis(self._targets, orders[:, :, None], 1),
        )

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the loss of the population."""
        logits = predict(self._inputs).astype(np.float64)
        top = logits.max(axis=2, keepdims=True)
        of_facts = top[..., 0] + np.log(np.exp(logits - top).sum(axis=2)) - logits.diagonal(axis1=1, axis2=2)
        return {("test", "loss"): (self._p * of_facts).sum(axis=1)}


task = EmbeddedFacts()
