"""Tasks: what is learned. One file each; the file's `task` is found by its name.

A task imports no torch. It is either a *pool task*, a finite set of examples from which each run draws its
pool, or a *stream task*, whose examples are made afresh at every step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Axes, AxisError, Config
from lawbook.registry import Registry
from lawbook.seeds import generator

if TYPE_CHECKING:
    from torch import Tensor

Targets = Literal["classes", "real"]


class Task(ABC):
    """What every task tells: its axes, its loss, the kinds of its inputs and targets, and their sizes."""

    axes: ClassVar[type[Axes]]
    inputs: ClassVar[str]
    """The kind of its inputs, such as `vector`, `image` or `tokens`: what a model that learns it has to read."""
    targets: ClassVar[Targets] = "classes"
    """Whether a target is a class, or the real numbers that the outputs are to be."""
    loss: ClassVar[str]
    """What its runs descend unless their training says otherwise: a file in training/losses."""
    shape_axes: ClassVar[tuple[str, ...]] = ()
    """Axes of the task that all runs of one stack must share."""
    metrics: ClassVar[tuple[str, ...]] = ()
    """What is measured on the test split besides loss and error."""

    @abstractmethod
    def n_inputs(self, config: Config) -> int:
        """Return the number of input features."""

    @abstractmethod
    def n_outputs(self, config: Config) -> int:
        """Return the number of outputs: of classes, or of the real numbers in a target."""

    def check(self, config: Config) -> None:  # noqa: B027 - most tasks allow every combination
        """Raise AxisError if the axes are impossible together."""

    def outside(self, config: Config) -> str:
        """Return the digest of what a study reads that stands neither in its file nor in the code; most read none."""
        return ""


@dataclass(frozen=True)
class Examples:
    """All examples of a pool task: inputs (n, ...) and targets.

    Inputs are float32 numbers, which are trained on in the run's number format, or int64 names of tokens. Targets
    are classes, (n,) int64, or (n, T) where each has T of them; or real, (n, k) for k outputs.
    """

    inputs: NDArray[Any]
    targets: NDArray[Any]


class PoolTask(Task):
    """A finite set of examples, split once and for all (or by named fold) into pool, validation and test.

    The examples of a `drawn` task are another draw for each seed, made when they are asked for; only solved
    models learn it, one run after another.
    """

    drawn: ClassVar[bool] = False
    knows_margins: ClassVar[bool] = False
    margin_axes: ClassVar[tuple[str, ...]] = ()
    """Axes that change nothing but the margins."""

    @abstractmethod
    def examples(self, config: Config) -> Examples:
        """Return all examples; runs refer to them by index.

        Configurations that agree in `shape_axes` get the very same arrays: a stack reads one set of inputs.
        """

    @abstractmethod
    def splits(self, config: Config) -> Mapping[str, NDArray[np.int64]]:
        """Return the indices of `pool` (to draw training examples from), `validation` and `test`."""

    @abstractmethod
    def n_eval(self, config: Config) -> int | None:
        """Return the number of test examples; None where the test error is the population's."""

    def n_pool(self, config: Config) -> int | None:
        """Return how many examples a pool may be drawn from; None where it is drawn without end."""
        return None

    def check(self, config: Config) -> None:
        """Raise AxisError if more samples are asked for than there are to draw a pool from."""
        available = self.n_pool(config)
        if available is not None and config["samples"] > available:
            problem = f"the task {config['task']} has {available:,} in a pool"
            raise AxisError("samples", config["samples"], problem, f"choose at most {available}")

    def probe_pool(self, config: Config, pool: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the indices of an independent pool as large as `pool`, for probes of held-out data."""
        others = np.setdiff1d(self.splits(config)["pool"], pool)
        return generator(config["seed"], "probe pool").permutation(others)[: len(pool)]

    def margins(self, config: Config) -> NDArray[np.float64] | None:
        """Return the distance of each example from the boundary that a perfect probe sees, if `knows_margins`."""
        return None

    def exact_metrics(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]]
    ) -> Mapping[str, float]:
        """Return what is known of a solved model on the whole population, {metric of the test split: value}."""
        return {}

    def example_metrics(self, config: Config, outputs: Tensor, targets: Tensor) -> Mapping[str, Tensor]:
        """Return the task's own metrics, named in `metrics`, of each example of a stack, (R, B) each."""
        return {}

    def image_shape(self, config: Config) -> tuple[int, ...] | None:
        """Return (height, width) or (height, width, channels) of the inputs, if they are images."""
        return None

    def augment(self, config: Config, inputs: Tensor, seeds: Sequence[int], step: int) -> Tensor:
        """Return the inputs (R, B, ...) of a training step, changed at random as a function of (seed, step)."""
        return inputs


class TextTask(PoolTask):
    """A pool task whose examples are windows of tokens, each token a target: its words can be shown."""

    @abstractmethod
    def text(self, config: Config, ids: Sequence[int]) -> str:
        """Return the text of some tokens."""

    @abstractmethod
    def held_out(self, config: Config) -> NDArray[np.int64]:
        """Return all windows of the validation split, of which `splits` may take a part."""

    @abstractmethod
    def file_of(self, config: Config, window: int, position: int) -> str:
        """Return the file that a target of a window stands in."""


Predict = Callable[[NDArray[np.float32]], NDArray[Any]]
"""From inputs (R, B, n_inputs) to outputs (R, B, n_outputs)."""


class Stream(Protocol):
    """Fresh examples for a stack of R runs, and their exact or sampled evaluation."""

    def batch(self, step: int) -> tuple[Any, Any]:
        """Return inputs (R, B, n_inputs) and targets (R, B) of one step, as NumPy arrays."""

    def evaluate(
        self, weights: Mapping[str, NDArray[Any]], predict: Predict
    ) -> Mapping[tuple[str, str], NDArray[np.float64]]:
        """Return the metrics, {(split, metric): (R,)}, of the weights, each with a leading run axis.

        predict: the outputs of the weights, for inputs. Metrics of splits other than train, validation and test,
        such as those of one part of the examples, stand in the curves alone, not among a run's final metrics.
        """


class StreamTask(Task):
    """Examples made afresh at every step; each is a pure function of (seed, step)."""

    knows_quanta: ClassVar[bool] = False
    """Whether the last number of an input is that of the part of the task, known, that the example belongs to."""

    @abstractmethod
    def open(self, configs: Sequence[Config]) -> Stream:
        """Return the streams of a stack of runs."""


tasks: Registry[Task] = Registry("lawbook.tasks", "task", "task")
