"""Distractor: an easy parity that mostly agrees with the label, and a harder one that always does.

An input is n random signs. The label is the parity of the first k of them, and with probability ρ also that of the next
j, fewer: the distractor. What learns the distractor alone does better than a guess on the whole, and worse than a guess
on the examples in which the two disagree, the conflicts: `lawbook.theory.distractor` has both losses exactly. What
learns the label's own parity is right everywhere. So along scale the error on the conflicts may rise before it falls.

Sources: McKenzie et al. 2023, "Inverse scaling: when bigger isn't better", arXiv:2306.09479 (distractor tasks); Wei et
al. 2022, "Inverse scaling can become U-shaped", arXiv:2211.02011 (the explanation by a distractor).
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

_BLOCK_STEPS = 64
"""Steps whose examples are drawn at once: a generator costs as much as a batch."""


class DistractorAxes(Axes):
    """Axes of the task distractor."""

    n_bits: int = Field(
        10, ge=2, le=16, description="Random signs n in an input, all 2^n of which are tested."
    )
    label_bits: int = Field(3, ge=1, description="Signs k whose parity is the label.")
    distractor_bits: int = Field(2, ge=1, description="Signs j whose parity mostly agrees with it.")
    agreement: float = Field(
        0.8, gt=0, lt=1, description="Share ρ of the examples in which the distractor agrees with the label."
    )


class Distractor(StreamTask):
    """Tell the parity of the first signs, which a parity of fewer signs seems to tell.

    Losses and errors are the population's: a mean over all inputs, by their probability. `conflict_loss` and
    `conflict_error` are those of the inputs in which the distractor is wrong, `agreement_error` that of the others.
    """

    axes = DistractorAxes
    inputs = "vector"
    loss = "cross_entropy"
    shape_axes = ("n_bits", "label_bits", "distractor_bits", "agreement")
    metrics = ("conflict_loss", "conflict_error", "agreement_error")

    def n_inputs(self, config: Config) -> int:
        """Return the number of signs."""
        return int(config["n_bits"])

    def n_outputs(self, config: Config) -> int:
        """Return two classes, even and odd."""
        return 2

    def check(self, config: Config) -> None:
        """Raise AxisError for parities of more signs than there are."""
        label, distractor, n_bits = (config[axis] for axis in ("label_bits", "distractor_bits", "n_bits"))
        if label + distractor > n_bits:
            problem = f"the two parities are of {label + distractor} signs, which do not overlap"
            raise AxisError("n_bits", n_bits, problem, f"choose at least {label + distractor}")

    def open(self, configs: Sequence[Config]) -> DistractorStream:
        """Return the examples of a stack of runs of one problem and batch size."""
        return DistractorStream(configs)


class DistractorStream:
    """The examples of R runs: functions of (seed, step), shared by the runs of one seed."""

    def __init__(self, configs: Sequence[Config]) -> None:
        config = configs[0]
        self._n_bits, self._batch_size = config["n_bits"], config["batch_size"]
        self._parts = (config["label_bits"], config["label_bits"] + config["distractor_bits"])
        self._agreement = float(config["agreement"])
        self._seeds = [config["seed"] for config in configs]
        self._start = -1
        self._block: dict[int, NDArray[np.uint8]] = {}
        every = np.arange(1 << self._n_bits, dtype=np.uint32)
        bits = ((every[:, None] >> np.arange(self._n_bits)) & 1).astype(np.uint8)
        self._every, self._labels = _signs(bits), self._parities(bits)[0]
        self._agrees = np.equal(*self._parities(bits))

    def _parities(self, bits: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the label and the distractor of bits (..., n)."""
        label, distractor = self._parts
        return (
            np.bitwise_xor.reduce(bits[..., :label], axis=-1),
            np.bitwise_xor.reduce(bits[..., label:distractor], axis=-1),
        )

    def _draw(self, seed: int, start: int) -> NDArray[np.uint8]:
        """Return the bits of a block of steps, (steps, B, n)."""
        rng = generator(seed, "examples", start)
        bits = rng.integers(0, 2, (_BLOCK_STEPS, self._batch_size, self._n_bits), dtype=np.uint8)
        agrees = rng.random(bits.shape[:2]) < self._agreement
        label, distractor = self._parities(bits)
        # The last sign of the distractor makes it agree, or not.
        bits[..., self._parts[1] - 1] ^= (label == distractor) != agrees
        return bits

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return inputs (R, B, n) and targets (R, B)."""
        start = step - step % _BLOCK_STEPS
        if start != self._start:
            self._start = start
            self._block = {seed: self._draw(seed, start) for seed in dict.fromkeys(self._seeds)}
        bits = np.stack([self._block[seed][step - start] for seed in self._seeds])
        return _signs(bits), self._parities(bits)[0].astype(np.int64)

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return losses and errors over all inputs, by probability, and over each half of them."""
        inputs = np.ascontiguousarray(np.broadcast_to(self._every, (len(self._seeds), *self._every.shape)))
        outputs = predict(inputs).astype(np.float64)
        # How far the right class leads; the cross-entropy of two classes is log(1 + e^-lead).
        lead = (2.0 * self._labels - 1.0) * (outputs[..., 1] - outputs[..., 0])
        loss, wrong = np.logaddexp(0.0, -lead), (lead <= 0).astype(np.float64)
        agrees, differs = (
            {"loss": loss[:, part].mean(axis=1), "error": wrong[:, part].mean(axis=1)}
            for part in (self._agrees, ~self._agrees)
        )
        found = {
            ("test", name): self._agreement * agrees[name] + (1 - self._agreement) * differs[name]
            for name in ("loss", "error")
        }
        return {
            **found,
            ("test", "conflict_loss"): differs["loss"],
            ("test", "conflict_error"): differs["error"],
            ("test", "agreement_error"): agrees["error"],
        }


def _signs(bits: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return 1 for a bit that is set and -1 for the others."""
    return (2 * bits.astype(np.int8) - 1).astype(np.float32)


task = Distractor()
