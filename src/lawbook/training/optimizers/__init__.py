"""Optimizers: how the weights follow the gradient. One file each; the file's `optimizer` is found by its name.

An optimizer imports torch only where it computes, since a plan asks it which hyperparameters it reads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lawbook.axes import Config
from lawbook.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Part:
    """Tensors of some runs that share all that a step reads: views into their rows of weights, gradients and moments.

    moments: for each moment of the optimizer, one view for each tensor; steps_taken: how many steps each run has
    taken, this one counted, a float32 number; rate_multiplier: the factor on the runs' rate.
    """

    weights: Sequence[Tensor]
    gradients: Sequence[Tensor]
    moments: Sequence[Sequence[Tensor]]
    steps_taken: Tensor
    rate_multiplier: float


class Optimizer(ABC):
    """A rule that moves tensors one by one: a stack's runs and the parts of a run never meet."""

    hyperparameters: ClassVar[frozenset[str]]
    """The axes that it reads besides learning_rate and weight_decay; the others have no effect."""
    n_moments: ClassVar[int]
    """Numbers that it keeps for each weight."""
    adaptive: ClassVar[bool]
    """Whether a step is as large as its rate however large the gradient is, as that of Adam or of signs."""

    @abstractmethod
    def step(self, config: Config, part: Part, step: int, rate: float, weight_decay: float) -> None:
        """Move the weights of a part in place, and its moments, by one step, the first of which has the number 0.

        config is that of any of its runs; rate and weight_decay are those of the part: their product is the same for
        all parts of a run, so that a rate multiplier changes no weight's decay.
        """


optimizers: Registry[Optimizer] = Registry("lawbook.training.optimizers", "optimizer", "optimizer")
