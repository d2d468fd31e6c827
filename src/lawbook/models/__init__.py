"""Models: what learns. One file each; the file's `model` is found by its name.

A model is a set of pure functions. That of a trained one is written over trailing axes, so that a leading run
axis (a stack of R runs) costs no loop: weights (R, ...), inputs (R, B, ...), outputs (R, B, ...). It imports
torch only where it computes, since the plan needs its parameter counts without torch.
"""

from __future__ import annotations

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Axes, Config
from lawbook.registry import Registry
from lawbook.tasks import Targets

if TYPE_CHECKING:
    from torch import Tensor

# A product then has the same bits alone and in a batch (docs/upstream.md). MKL reads it when it is first called.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")

Shapes = Mapping[str, tuple[int, ...]]

Role = Literal["input", "hidden", "output", "vector"]
"""What a tensor does: a matrix that reads the inputs, reads and writes units, or writes the outputs; or a vector."""

ALIGNMENT = 16
"""Numbers to which each tensor of a run is padded: 64 bytes in float32, so that every row is aligned alike."""


class Model(ABC):
    """What every model tells: its axes, its parameter tensors and its cost.

    All axes of a model count as its shape: the runs of one stack share them. It is either a *trained model*,
    which descends its loss step by step, or a *solved model*, whose training is a convex problem.
    """

    axes: ClassVar[type[Axes]]
    reads: ClassVar[frozenset[str]]
    """The kinds of inputs that it reads, as tasks name theirs."""

    @abstractmethod
    def shapes(self, config: Config, n_inputs: int, n_outputs: int) -> Shapes:
        """Return the shape of each parameter tensor of one run."""

    def n_params(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return the exact number of trained parameters N."""
        return sum(math.prod(shape) for shape in self.shapes(config, n_inputs, n_outputs).values())

    def n_params_non_embedding(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return N without input and position embeddings."""
        return self.n_params(config, n_inputs, n_outputs)


@dataclass(frozen=True)
class Trial:
    """A small problem for a stack of R runs, on which the gradients of a model are checked on a new processor.

    config: the axes of the model, and those of its task that it reads; inputs: (R, B, ...), float32 numbers or int64
    names of tokens; targets: (R, B) or (R, B, T), whole numbers for classes, else real numbers.
    """

    config: Config
    n_outputs: int
    inputs: NDArray[Any]
    targets: NDArray[Any]

    @property
    def n_inputs(self) -> int:
        """Return the number of numbers in an input."""
        return math.prod(self.inputs.shape[2:])


def vector_trial(config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator) -> Trial:
    """Return a trial of three runs that read vectors of normal numbers and tell `n_outputs` classes apart."""
    inputs = rng.normal(size=(3, 8, n_inputs)).astype(np.float32)
    return Trial(config, n_outputs, inputs, rng.integers(n_outputs, size=(3, 8)))


class TrainedModel(Model):
    """A model trained by gradient steps, many runs in one stack."""

    border: ClassVar[tuple[str, ...]] = ()
    """Weights between the model and its task, such as embeddings: no part of what gradients are compared by."""

    @abstractmethod
    def roles(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, Role]:
        """Return the role of each tensor of `shapes`; a vector is a bias, a gain or a shift.

        A matrix whose inputs and outputs are both the task's, so that neither grows with the model, is an output.
        """

    @abstractmethod
    def fan_in(self, config: Config, n_inputs: int, n_outputs: int) -> Mapping[str, int]:
        """Return how many numbers each number that a tensor puts out is a sum over; 1 of a vector or a lookup."""

    @abstractmethod
    def forward_flops(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return the FLOPs of the matrix products of one forward pass on one example."""

    @abstractmethod
    def activation_bytes(self, config: Config, n_inputs: int, n_outputs: int) -> int:
        """Return the bytes that one example's forward pass keeps for the backward pass, in float32."""

    @abstractmethod
    def initial(
        self, config: Config, n_inputs: int, n_outputs: int, rng: np.random.Generator
    ) -> dict[str, NDArray[np.float64]]:
        """Return the initial parameters of one run, drawn from `rng`."""

    @abstractmethod
    def outputs(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs (R, B, n_outputs) for weights (R, ...) and inputs (R, B, ...)."""

    def forward(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return the outputs times the run's `output_multiplier`: what its loss is of."""
        outputs, multiplier = self.outputs(config, weights, inputs), config.get("output_multiplier", 1.0)
        return outputs if multiplier == 1.0 else multiplier * outputs

    @abstractmethod
    def activations(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> dict[str, Tensor]:
        """Return the hidden layers by name in their order, `hidden_1` first, each (R, B, ..., units)."""

    def features(self, config: Config, weights: Mapping[str, Tensor], inputs: Tensor) -> Tensor:
        """Return what the last linear layer reads, (R, B, n_features): the last hidden layer, or else the inputs."""
        return [inputs, *self.activations(config, weights, inputs).values()][-1]

    def losses_and_gradients(
        self,
        config: Config,
        weights: Mapping[str, Tensor],
        inputs: Tensor,
        targets: Tensor,
        gradients: Mapping[str, Tensor],
    ) -> Tensor | None:
        """Return the mean cross-entropy of each run, (R,), and write its gradient over `gradients`, by name.

        It is that of `outputs`. None, with nothing written, by a model that has no faster way than autograd.
        """
        return None

    def trials(self, rng: np.random.Generator) -> Iterator[Trial]:
        """Yield the problems on which gradients are checked; narrow shapes among them, where kernels differ most.

        By default one of vectors and the model's default axes.
        """
        yield vector_trial(self.axes.defaults(), 12, 5, rng)


class SolvedModel(Model):
    """A model whose training is the exact solution of a convex problem: no steps, no initial weights, no stack.

    One that takes classes is scored by cross-entropy and error, one that takes real targets by squared error.
    """

    targets: ClassVar[Targets] = "classes"
    """The kind of targets that it takes."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the metrics of its training examples besides the loss and the error: of classes their margin."""
        return ("margin",) if self.targets == "classes" else ()

    @abstractmethod
    def solve_flops(self, config: Config, n_train: int, n_inputs: int, n_outputs: int) -> float:
        """Return the FLOPs that a solution on so many examples is predicted to take."""

    @abstractmethod
    def solve(
        self, config: Config, inputs: NDArray[np.float64], targets: NDArray[Any]
    ) -> dict[str, NDArray[np.float64]]:
        """Return the parameters, for inputs (n, n_inputs) and targets, (n,) classes or (n, k) real numbers.

        Raises LawbookError for data that the problem has no solution for.
        """

    @abstractmethod
    def outputs(
        self, config: Config, weights: Mapping[str, NDArray[np.float64]], inputs: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the outputs (n, n_outputs) of inputs (n, n_inputs): logits, or what the targets are to be."""


models: Registry[Model] = Registry("lawbook.models", "model", "model", without=("exactness",))
