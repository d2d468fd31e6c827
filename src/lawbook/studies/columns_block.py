"""The block `columns`: columns of the table of runs that are derived from its others, or from a run's curve."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import TopologicalSorter
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from lawbook.axes import no_truth_value
from lawbook.studies.block import Block

Operand = Annotated[str | float, BeforeValidator(no_truth_value)]
"""A column of the runs, or a number."""

LEVELS = ("at_most", "at_least")
KINDS = ("first", "at", "mean", "largest", "smallest", "ratio", "difference", "product")


class Evaluated(Block):
    """A metric or measurement at one step."""

    metric: str = Field(description="A metric or measurement of the curves: test_loss, …")
    step: int = Field(ge=1, description="A step at which the runs are evaluated.")


class LatePart(Block):
    """A metric or measurement over the last part of the steps."""

    metric: str = Field(description="A metric or measurement of the curves: test_loss, …")
    last: float = Field(
        1.0, gt=0, le=1, description="Share of the steps, the last ones, whose evaluations count."
    )


class ColumnBlock(Block):
    """One derived column: exactly one of first, at, mean, largest, smallest, ratio, difference, product.

    An entry of a vector measurement is named with its index: singular_values[0].
    """

    first: Literal["step", "samples_seen", "flops"] | None = Field(
        None,
        description="Where a metric first crosses a level, {first: step, test_error: {at_most: 0.01}}: the first "
        "evaluation at which it has; null, with a bound, where it never does.",
    )
    metric: str | None = Field(None, description="The metric or measurement that crosses the level.")
    at_most: float | None = Field(None, description="The level that it falls to.")
    at_least: float | None = Field(None, description="The level that it rises to.")
    at: Evaluated | None = Field(None, description="A metric or measurement at one evaluated step.")
    mean: LatePart | None = Field(
        None,
        description="The mean of a metric or measurement over the evaluations of the last part of the steps.",
    )
    largest: str | None = Field(
        None, description="A metric or measurement: its largest value along the steps."
    )
    smallest: str | None = Field(None, description="The same, its smallest value.")
    ratio: tuple[Operand, Operand] | None = Field(None, description="One column or number over another.")
    difference: tuple[Operand, Operand] | None = Field(None, description="One column or number less another.")
    product: list[Operand] | None = Field(None, min_length=2, description="Columns and numbers, multiplied.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """Accept `{first: step, test_error: {at_most: 0.01}}` for the metric and its level."""
        if not isinstance(value, dict) or "first" not in value:
            return value
        levels = {key: level for key, level in value.items() if isinstance(level, dict)}
        if len(levels) != 1 or "metric" in value:
            return value
        ((metric, level),) = levels.items()
        return {**{key: item for key, item in value.items() if key != metric}, "metric": metric, **level}

    @model_validator(mode="after")
    def _complete(self) -> ColumnBlock:
        kinds = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            problem = f"has {' and '.join(kinds)}" if kinds else "says nothing"
            raise ValueError(f"the column {problem}; give exactly one of {', '.join(KINDS)}")
        levels = [key for key in LEVELS if getattr(self, key) is not None]
        if self.first is not None and (self.metric is None or len(levels) != 1):
            raise ValueError(
                "first needs one metric with one level; write {first: step, test_error: {at_most: 0.01}}"
            )
        if self.first is None and (levels or self.metric is not None):
            raise ValueError(f"a level goes with first; delete it, or write first instead of {kinds[0]}")
        return self

    @property
    def along(self) -> str | None:
        """Return the metric or measurement that is read along the curve, None if none is."""
        of_steps = self.at or self.mean
        return self.metric or (of_steps.metric if of_steps else None) or self.largest or self.smallest

    @property
    def operands(self) -> tuple[str | float, ...]:
        """Return the columns and numbers that are combined; none where the curve is read."""
        return tuple(self.ratio or self.difference or self.product or ())

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that are combined."""
        return tuple(operand for operand in self.operands if isinstance(operand, str))


def in_order(blocks: Mapping[str, ColumnBlock]) -> list[str]:
    """Return the names of derived columns, each after those that it is made of.

    Raises graphlib.CycleError, whose second argument is the circle, for columns that are made of one another.
    """
    graph = {name: [other for other in block.columns if other in blocks] for name, block in blocks.items()}
    return list(TopologicalSorter(graph).static_order())


def bounded(blocks: Mapping[str, ColumnBlock]) -> list[str]:
    """Return the derived columns that may be known by bounds alone: first crossings, and what is made of them."""
    found: list[str] = []
    for name in in_order(blocks):
        if blocks[name].first is not None or any(column in found for column in blocks[name].columns):
            found.append(name)
    return found


def bounds_of(column: str) -> tuple[str, str]:
    """Return the columns that hold the bounds of a derived column's value.

    >>> bounds_of("memorised")
    ('memorised_low', 'memorised_high')
    """
    return f"{column}_low", f"{column}_high"
