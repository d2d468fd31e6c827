"""Axes: the typed fields of a run that a study may set or sweep.

Tasks, models, training and pruning each declare theirs as one `Axes` model; a run's configuration is the
flat union of them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, field_validator

from lawbook.errors import LawbookError

Config = Mapping[str, Any]
"""One run's resolved configuration: every axis by name, flat."""


@dataclass(frozen=True)
class Neutral:
    """Marks the value that is left out of a run's identity, now and for ever.

    A field added later with a neutral value changes no old `run_id`.
    """

    value: Any


def no_truth_value(value: Any) -> Any:
    """Return a value of an axis. Raises ValueError for yes and no, which YAML and Python take for 1 and 0."""
    if isinstance(value, bool):
        raise ValueError("a number or a name is wanted, not yes or no")
    return value


class Axes(BaseModel):
    """Base of the typed fields of a task, a model, the training or the pruning."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_values(cls, value: Any) -> Any:
        return no_truth_value(value)

    @classmethod
    def neutral(cls) -> dict[str, Any]:
        """Return the neutral value of each field that has one."""
        return {
            name: mark.value
            for name, field in cls.model_fields.items()
            for mark in field.metadata
            if isinstance(mark, Neutral)
        }

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """Return the default value of each field."""
        return {name: field.get_default() for name, field in cls.model_fields.items()}


class AxisError(LawbookError):
    """A value of an axis that is impossible, alone or together with others."""

    def __init__(self, axis: str, value: object, problem: str, fix: str) -> None:
        super().__init__(f"{axis} = {value!r}: {problem}; {fix}")
        self.axis, self.value, self.problem, self.fix = axis, value, problem, fix
