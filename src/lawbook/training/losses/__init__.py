"""Losses: what a run descends. One file each; the file's `loss` is found by its name.

A task has one of its own, and `training: {loss: …}` says another. A loss imports torch only where it computes,
since a plan asks it which targets it takes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from lawbook.axes import Config
from lawbook.registry import Registry
from lawbook.tasks import Targets, tasks

if TYPE_CHECKING:
    from torch import Tensor


class Loss(ABC):
    """One number for each example, and their mean over the examples of a run.

    Outputs are (R, B, k), or (R, B, T, k) of an example with T targets. Targets are classes, (R, B) or (R, B, T)
    whole numbers; or real: (R, B, k), or (R, B) for one output.
    """

    targets: ClassVar[frozenset[Targets]]
    """The kinds of targets that it takes."""
    unit: ClassVar[str]
    """What its values are called on an axis."""
    factor: ClassVar[float] = 1.0
    """What a run descends, over the mean of what is recorded."""

    @abstractmethod
    def of_examples(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of each example, (R, B), as it is recorded; of one with T targets their mean."""

    def descended(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return what each run descends, (R,): the mean over its examples, times `factor`."""
        return self.factor * self.of_examples(outputs, targets).mean(-1)

    def descended_once(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the same; what a training step differentiates, and so by operations with a first derivative alone."""
        return self.descended(outputs, targets)


def mean_over_targets(values: Tensor) -> Tensor:
    """Return (R, B) from (R, B), or from (R, B, T) the mean over the T targets of an example."""
    return values.mean(-1) if values.dim() > 2 else values


losses: Registry[Loss] = Registry("lawbook.training.losses", "loss", "loss")


def loss_name(config: Config) -> str:
    """Return the name of the loss that a run descends: its own, or that of its task."""
    return str(config["loss"] or tasks[config["task"]].loss)
