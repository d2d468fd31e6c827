"""Multitask sparse parity: many tasks of Zipf frequencies, each the parity of a few bits of its own.

An example is a task k, drawn with p_k ∝ k^-(1+α), and n random bits; its label is the parity of the subset of the
bits that belongs to k. A network learns the tasks one after another, the frequent ones first, and the sum of these
steps is a power law: `lawbook.theory.quanta` has the expected losses.

Source: Michaud et al. 2023, "The quantization model of neural scaling", arXiv:2303.13506, section 3. The α here is
the paper's; what its published code calls alpha is 1 + α.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from lawbook.axes import Axes, AxisError, Config, Neutral
from lawbook.seeds import batch_positions, generator
from lawbook.tasks import Predict, StreamTask
from lawbook.theory.quanta import frequencies

BIT_NATS = math.log(2)
"""One bit, the loss of a guess between two equally likely labels."""

THRESHOLDS = {"learned_tenth_bit": 0.1, "learned_half_bit": 0.5}
"""{metric: bits below which the loss of a learned task lies}."""

EXAMPLES = {"validation": 64, "test": 128}
"""Examples of each task on which a run is evaluated, the same at every step."""

_BLOCK_STEPS, _CHUNK = 64, 4096
_LARGEST_POOL = 1 << 32


class SparseParityAxes(Axes):
    """Axes of the task sparse_parity."""

    n_tasks: int = Field(
        200,
        ge=1,
        le=1 << 20,
        description="Tasks, each with a subset of bits of its own; many more than a run learns, or exponents bend.",
    )
    n_bits: int = Field(32, ge=1, le=1 << 12, description="Random bits in an example.")
    subset_size: int = Field(3, ge=1, description="Bits k whose parity is a task's label.")
    alpha: float = Field(
        0.4,
        ge=0,
        description="α of the task frequencies p_k ∝ k^-(1+α), as in the paper; its code's alpha is 1 + α.",
    )
    samples: Annotated[int | None, Neutral(None)] = Field(
        None, ge=1, description="Training examples D, drawn once and passed over again; none: all are fresh."
    )


class SparseParity(StreamTask):
    """Tell the parity of those bits that the task of an example names.

    An input is the n bits and, last, the number of the task from 0; the examples of a batch are in the order of
    their tasks. Losses are the population's, Σ_k p_k loss_k, with loss_k the mean over examples of task k alone.
    """

    axes = SparseParityAxes
    inputs = "parity"
    loss = "cross_entropy"
    shape_axes = ("n_tasks", "n_bits", "subset_size")
    metrics = tuple(THRESHOLDS)
    knows_quanta = True

    def n_inputs(self, config: Config) -> int:
        """Return the number of bits, and one for the task's number."""
        return int(config["n_bits"]) + 1

    def n_outputs(self, config: Config) -> int:
        """Return two classes, even and odd."""
        return 2

    def check(self, config: Config) -> None:
        """Raise AxisError for more bits in a subset than there are, more tasks than subsets, too large a pool."""
        n_tasks, n_bits, size = (config[axis] for axis in ("n_tasks", "n_bits", "subset_size"))
        if size > n_bits:
            raise AxisError("subset_size", size, f"an example has only {n_bits} bits", "choose fewer")
        if n_tasks > math.comb(n_bits, size):
            problem = f"{n_bits} bits have only {math.comb(n_bits, size)} subsets of {size}"
            raise AxisError("n_tasks", n_tasks, problem, "write fewer tasks or more n_bits")
        if (config["samples"] or 0) * n_bits > _LARGEST_POOL:
            fix = f"choose at most {_LARGEST_POOL // n_bits}, or leave it out"
            raise AxisError("samples", config["samples"], "these fill more than half a gigabyte", fix)

    def open(self, configs: Sequence[Config]) -> ParityStream:
        """Return the examples of a stack of runs that share tasks, bits and batch size."""
        return ParityStream(configs)


class ParityStream:
    """The examples of R runs: functions of (seed, step), shared by the runs of one seed, α and D."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._shape = (len(configs), configs[0]["batch_size"], configs[0]["n_bits"] + 1)
        self._examples: dict[tuple[Any, ...], _Fresh | _Pool] = {}
        self._runs: dict[tuple[Any, ...], list[int]] = {}
        for run, config in enumerate(configs):
            key = (config["seed"], config["alpha"], config["samples"])
            if key not in self._runs:
                self._runs[key] = []
                self._examples[key] = _Fresh(config) if config["samples"] is None else _Pool(config)
            self._runs[key].append(run)
        self._n_tasks = configs[0]["n_tasks"]
        self._weights = np.stack([frequencies(self._n_tasks, config["alpha"]) for config in configs])
        self._seeds = [config["seed"] for config in configs]
        self._subsets = {seed: subsets(config) for seed, config in zip(self._seeds, configs, strict=True)}

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return inputs (R, B, n_bits + 1) and targets (R, B)."""
        inputs = np.empty(self._shape, dtype=np.float32)
        targets = np.empty(self._shape[:2], dtype=np.int64)
        for key, runs in self._runs.items():
            numbers, bits = self._examples[key].draw(step)
            parities = parity(bits, self._subsets[key[0]], numbers)
            for run in runs:
                inputs[run, :, :-1], inputs[run, :, -1], targets[run] = bits, numbers, parities
        return inputs, targets

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> dict[tuple[str, str], NDArray[np.float64]]:
        """Return the population's loss and error, the counts of learned tasks, and the loss of each task.

        The loss of the task of rank k, 1 the most frequent, is the metric `loss` of the split `task_k`.
        """
        losses = {split: self._task_losses(predict, split) for split in EXAMPLES}
        each, wrong = losses["test"]
        mean = (self._weights * each).sum(axis=1)
        return {
            ("validation", "loss"): (self._weights * losses["validation"][0]).sum(axis=1),
            ("test", "loss"): mean,
            ("test", "error"): (self._weights * wrong).sum(axis=1),
            **{
                ("test", metric): (each < bits * BIT_NATS).sum(axis=1).astype(np.float64)
                for metric, bits in THRESHOLDS.items()
            },
            **{(f"task_{k}", "loss"): column for k, column in enumerate(each.T, start=1)},
        }

    def _task_losses(self, predict: Predict, split: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the mean loss, in nats, and error of each run on each task, (R, n_tasks)."""
        n = EXAMPLES[split]
        loss, error = np.empty((2, self._shape[0], self._n_tasks))
        for tasks in self._chunks(n):
            numbers = np.repeat(np.arange(tasks.start, tasks.stop), n)
            inputs = np.empty((self._shape[0], len(numbers), self._shape[2]), dtype=np.float32)
            signs = np.empty(inputs.shape[:2])
            inputs[:, :, -1] = numbers
            for seed in self._subsets:
                bits = _random_bits(generator(seed, split, tasks.start), len(numbers), self._shape[2] - 1)
                signs_of_seed = 2.0 * parity(bits, self._subsets[seed], numbers) - 1.0
                for run in (run for run, other in enumerate(self._seeds) if other == seed):
                    inputs[run, :, :-1], signs[run] = bits, signs_of_seed
            outputs = predict(inputs)
            # How far the right class leads; the cross-entropy of two classes is log(1 + e^-lead).
            lead = signs * (outputs[..., 1].astype(np.float64) - outputs[..., 0])
            shape = (self._shape[0], -1, n)
            loss[:, tasks] = np.logaddexp(0.0, -lead).reshape(shape).mean(axis=2)
            error[:, tasks] = (lead <= 0).reshape(shape).mean(axis=2)
        return loss, error

    def _chunks(self, n: int) -> Iterator[slice]:
        at_once = max(1, _CHUNK // n)
        for start in range(0, self._n_tasks, at_once):
            yield slice(start, min(start + at_once, self._n_tasks))


class _Fresh:
    """Examples that are each seen once."""

    def __init__(self, config: Config) -> None:
        self._seed, self._batch_size, self._n_bits = config["seed"], config["batch_size"], config["n_bits"]
        self._p = frequencies(config["n_tasks"], config["alpha"])

    def draw(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return the tasks (B,), in order, and the bits (B, n_bits) of a step."""
        rng = generator(self._seed, "examples", step)
        numbers = np.repeat(np.arange(len(self._p)), rng.multinomial(self._batch_size, self._p))
        return numbers, _random_bits(rng, self._batch_size, self._n_bits)


class _Pool:
    """Examples that are drawn once, and passed over in a new order each time."""

    def __init__(self, config: Config) -> None:
        self._config, size = config, config["samples"]
        rng = generator(config["seed"], "pool")
        counts = rng.multinomial(size, frequencies(config["n_tasks"], config["alpha"]))
        self._numbers = np.repeat(np.arange(len(counts)), counts)
        self._packed = np.packbits(_random_bits(rng, size, config["n_bits"]), axis=1)
        self._start, self._positions = -1, np.empty((0, 0), dtype=np.int64)

    def draw(self, step: int) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
        """Return the tasks (B,), in order, and the bits (B, n_bits) of a step."""
        start = step - step % _BLOCK_STEPS
        if start != self._start:
            config = self._config
            self._start, self._positions = (
                start,
                batch_positions(
                    config["seed"], "order", config["samples"], config["batch_size"], start, _BLOCK_STEPS
                ),
            )
        rows = np.sort(self._positions[step - start])
        packed = self._packed.take(rows, axis=0)  # ten times faster than by [rows]
        return self._numbers[rows], np.unpackbits(packed, axis=1, count=self._config["n_bits"])


def subsets(config: Config) -> NDArray[np.int64]:
    """Return the bits of each task's subset, (n_tasks, subset_size), all subsets different, drawn by the seed."""
    n_tasks, n_bits, size = (config[axis] for axis in ("n_tasks", "n_bits", "subset_size"))
    rng = generator(config["seed"], "subsets")
    if math.comb(n_bits, size) < 4 * n_tasks:
        every = np.array(list(combinations(range(n_bits), size)))
        return every[rng.permutation(len(every))[:n_tasks]]
    found: dict[tuple[int, ...], None] = {}
    while len(found) < n_tasks:
        found[tuple(sorted(rng.choice(n_bits, size, replace=False).tolist()))] = None
    return np.array(list(found))


def parity(
    bits: NDArray[np.uint8], chosen: NDArray[np.int64], numbers: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Return the parity (n,) of the bits (n, n_bits) that the tasks (n,) choose by (n_tasks, subset_size)."""
    rows = np.arange(len(bits)) * bits.shape[1]
    flat = bits.ravel()
    label = np.zeros(len(bits), dtype=np.uint8)
    for column in chosen.T:
        label ^= flat.take(rows + column[numbers])
    return label


def _random_bits(rng: np.random.Generator, n: int, n_bits: int) -> NDArray[np.uint8]:
    packed = np.frombuffer(rng.bytes(-(-n * n_bits // 8)), dtype=np.uint8)
    return np.unpackbits(packed, count=n * n_bits).reshape(n, n_bits)


task = SparseParity()
