"""Sweeps: named grids over axes, as a study writes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, WithJsonSchema

from lawbook.studies.block import Block

AxisSpec = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "object"}]})]
"""The values of an axis, as `lawbook.studies.values` expands them."""


class Grid(Block):
    """A grid over axes: every combination (`product`), or the values side by side (`zip`)."""

    axes: dict[str, AxisSpec] = Field(
        min_length=1,
        description="Axis: a list, {log2: [lo, hi]}, {log10: [lo, hi, n]}, {count: n} or {union: [...]}.",
    )
    set: dict[str, Any] = Field(
        {},
        description="Fields that this grid fixes at other values than the study; model or task: {name: …, its axes}.",
    )
    combine: Literal["product", "zip"] = Field("product", description="How the axes combine.")

    @property
    def grids(self) -> list[Grid]:
        """Return this grid alone."""
        return [self]


class Union(Block):
    """Several grids, together one sweep."""

    union: list[Grid] = Field(min_length=1)

    @property
    def grids(self) -> list[Grid]:
        """Return the grids."""
        return self.union


def _sweep_kind(sweep: Any) -> str:
    """Tell by its key `union` what a sweep is meant as, so that its mistakes are those of that kind alone."""
    return "Union" if isinstance(sweep, Union) or (isinstance(sweep, dict) and "union" in sweep) else "Grid"


Sweep = Annotated[Annotated[Grid, Tag("Grid")] | Annotated[Union, Tag("Union")], Discriminator(_sweep_kind)]
