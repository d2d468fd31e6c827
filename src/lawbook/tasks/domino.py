"""Domino: two parities of equal difficulty, of which one counts for less in the loss.

An input is n random bits, and the roots √w of the weights of two losses, by which the model multiplies its outputs
(`lawbook.models.weighted_mlp`). The targets are x₀ ⊕ x₁ and x₂ ⊕ x₃, times the same roots, so that the squared error is
w₁ (f₁ - x₀ ⊕ x₁)² + w₂ (f₂ - x₂ ⊕ x₃)². By the symmetry of the bits both are learned alike at equal weights.

Source: Liu et al. 2025, "Physics of skill learning", arXiv:2501.12391, section 3 (the domino effect), where the second
parity counts in 5 % of the examples alone; a weight on all of them leaves it as many examples as the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, Config
from lawbook.seeds import generator
from lawbook.tasks import Examples, PoolTask

if TYPE_CHECKING:
    from torch import Tensor

POOL, TEST = 1 << 14, 1024
"""Examples that pools are drawn from, and of the test split; drawn once and for all."""


class DominoAxes(Axes):
    """Axes of the task domino."""

    samples: int = Field(2000, ge=1, description="Training examples D, at most 16,384.")
    n_bits: int = Field(32, ge=4, le=1024, description="Random bits in an example, of which four count.")
    first_weight: float = Field(1.0, ge=0, description="Weight w₁ of the first parity's squared error.")
    second_weight: float = Field(0.1, ge=0, description="Weight w₂ of the second parity's.")


class Domino(PoolTask):
    """Learn two parities of two bits each at once; the loss is the weighted sum of their squared errors.

    `first_error` and `second_error` are the shares of examples in which an output lies nearer to the wrong bit; a
    parity whose weight is 0 has none.
    """

    axes = DominoAxes
    inputs = "weighted"
    targets = "real"
    loss = "squared_error"
    shape_axes = ("n_bits", "first_weight", "second_weight")
    metrics = ("first_error", "second_error")

    def n_inputs(self, config: Config) -> int:
        """Return the number of bits, and two for the roots of the weights."""
        return int(config["n_bits"]) + 2

    def n_outputs(self, config: Config) -> int:
        """Return one output for each parity."""
        return 2

    def n_eval(self, config: Config) -> int:
        """Return the number of test examples."""
        return TEST

    def n_pool(self, config: Config) -> int:
        """Return how many examples a pool may be drawn from."""
        return POOL

    def examples(self, config: Config) -> Examples:
        """Return all examples, those of the test split last."""
        return _examples(config["n_bits"], config["first_weight"], config["second_weight"])

    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the indices; there is no validation split, since nothing is chosen."""
        return {"pool": np.arange(POOL), "validation": np.arange(0), "test": np.arange(POOL, POOL + TEST)}

    def example_metrics(self, config: Config, outputs: Tensor, targets: Tensor) -> Mapping[str, Tensor]:
        """Return whether each parity of an example is wrong, (R, B) each, of those that are taught."""
        return {
            name: ((outputs[..., i] - targets[..., i]).abs() >= 0.5 * weight**0.5).to(outputs.dtype)
            for i, (name, weight) in enumerate(
                zip(self.metrics, (config["first_weight"], config["second_weight"]), strict=True)
            )
            if weight > 0
        }


@cache
def _bits(n_bits: int) -> NDArray[np.uint8]:
    return generator(0, "bits", n_bits).integers(0, 2, (POOL + TEST, n_bits), dtype=np.uint8)


@cache
def _examples(n_bits: int, first_weight: float, second_weight: float) -> Examples:
    bits, roots = _bits(n_bits), np.sqrt([first_weight, second_weight])
    inputs = np.empty((len(bits), n_bits + 2), dtype=np.float32)
    inputs[:, :n_bits], inputs[:, n_bits:] = bits, roots
    parities = bits[:, :4].reshape(-1, 2, 2).sum(axis=2) % 2
    return Examples(inputs, roots * parities)


task = Domino()
