"""The index of a law: a column whose every value has parameters of its own, read as the values' places 1, 2, …."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.errors import LawbookError, listed, suggest
from lawbook.laws.note import Note, info

if TYPE_CHECKING:
    from lawbook.laws.law import Law


@dataclass(frozen=True)
class Index:
    """A column and its values, as text, in their order; without values while no table has been seen."""

    column: str
    values: tuple[str, ...] = ()

    def codes(self, cells: pd.Series) -> NDArray[np.float64]:
        """Return the places 1, 2, … of the values in cells. Raises LawbookError for a value that is none."""
        place = {value: float(i) for i, value in enumerate(self.values, start=1)}
        texts = _texts(cells)
        for text in texts:
            if text not in place:
                raise LawbookError(
                    f"{self.column} = {text!r} is none of the fit's; {suggest(text, self.values)}"
                )
        return np.array([place[text] for text in texts])

    def named(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with the values of the index in place of their places."""
        names = [self.values[int(code) - 1] for code in table[self.column]]
        return table.assign(**{self.column: names})

    def coded(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return a table with the places of the index in place of its values."""
        return table.assign(**{self.column: self.codes(table[self.column])})


def index_of(column: str, table: pd.DataFrame) -> Index:
    """Return a column of a table as an index. Raises LawbookError for one that does not tell groups of rows apart.

    Whole numbers are names like any other; numbers with fractions are measured, and an input.

    >>> index_of("domain", pd.DataFrame({"domain": ["web", "code", "web", "code"]})).values
    ('code', 'web')
    """
    cells = table[column]
    missing = cells.isna().to_numpy()
    if missing.any():
        raise LawbookError(
            f"rows {listed(table.index[missing])} have no {column}, the index of the formula; write it, or leave these"
            " rows out"
        )
    if pd.api.types.is_float_dtype(cells) and not (cells == cells.round()).all():
        shown = cells[cells != cells.round()]
        raise LawbookError(
            f"index {column!r} holds measured numbers ({listed(shown.unique())}): an index names groups of rows; use it"
            " as an input, without brackets"
        )
    values = sorted(set(_texts(cells)), key=_in_order)
    if len(values) > max(1, len(table) // 2):
        raise LawbookError(
            f"index {column!r} has {len(values)} values in {len(table)} rows: each needs rows enough for parameters of"
            " its own; name a column of few values"
        )
    return Index(column, tuple(values))


def read_index(table: pd.DataFrame, laws: Sequence[Law]) -> tuple[pd.DataFrame, str]:
    """Return a table with the index of laws as its values' places, and the column that it is, '' for none."""
    index = next((law.index for law in laws if law.index is not None), None)
    return (table, "") if index is None else (index.coded(table), index.column)


def index_note(index: Index) -> Note:
    """Return the note that says by which number each value of an index stands in a table of numbers."""
    shown = ", ".join(f"{name} = {i}" for i, name in enumerate(index.values, start=1))
    text = f"{index.column} by number: {shown}"
    return info("index_names", text, column=index.column, names=list(index.values))


def _texts(cells: pd.Series) -> list[str]:
    whole = pd.api.types.is_float_dtype(cells)
    return [f"{value:.0f}" if whole and value == round(value) else str(value) for value in cells]


def _in_order(text: str) -> tuple[float, str]:
    """Return what sorts numbers by size, before words."""
    return (float(text), text) if text.lstrip("-").isdigit() else (np.inf, text)
