"""A linear teacher whose student is its own probe: pruning by what a model fitted to the pool says of it.

In few dimensions and with large pools, the examples that such a probe finds hard are nearly the support vectors of
the whole pool, so that a few of them teach what all do: far more than the theory of an independent probe allows.
"""

from __future__ import annotations

from pydantic import Field

from lawbook.axes import Axes
from lawbook.tasks._teacher import TeacherTask


class TeacherLogisticAxes(Axes):
    """Axes of the task teacher_logistic."""

    dimension: int = Field(50, ge=2, le=1 << 14, description="Inputs N.")
    samples: int = Field(400, ge=1, description="Pool size: examples before pruning.")


class TeacherLogistic(TeacherTask):
    """Learn a teacher from the examples that a probe finds hard; `oracle_margin` prunes by the teacher itself."""

    axes = TeacherLogisticAxes


task = TeacherLogistic()
