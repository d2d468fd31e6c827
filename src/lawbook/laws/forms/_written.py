"""Shipped laws that are written as formulas: the same as by hand, with derivatives, bounds and starts found."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from lawbook.laws.formulas.compiler import formula
from lawbook.laws.law import Law


def written(
    name: str, text: str, inputs: Sequence[str], source: str, *, positive: Collection[str] | None = None
) -> Law:
    """Return the law NAME of a formula over inputs, of which those of `positive`, by default all, are above 0."""
    law = formula(text, inputs, name=name, positive=positive).reading(tuple(inputs))
    return replace(law, source=source, written=False, starts="")
