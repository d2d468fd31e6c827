"""The law that somebody means for a table: a shipped one by its name, or a formula in the table's columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.laws.forms import laws
from lawbook.laws.formulas.compiler import formula
from lawbook.laws.formulas.text import FormulaError, parse
from lawbook.laws.index import index_of
from lawbook.laws.law import Law

_LIFT = 1.5
"""A y that is not positive is lifted so far above 0, in units of its range."""


def is_formula(text: str) -> bool:
    """Say whether a text is a formula, and no law's name."""
    return text not in laws and not text.strip().replace("-", "_").isidentifier()


def columns_in(text: str, columns: Sequence[str], y: str) -> tuple[str, ...]:
    """Return the columns that a formula reads, in the order of the text. Raises FormulaError for one that is none."""
    return formula(text, [name for name in columns if name != y]).inputs


def law_of(
    given: str | Law, table: pd.DataFrame, *, y: str, x: str | Sequence[str] | None, name: str = "formula"
) -> Law:
    """Return a law: itself, a shipped one by its name, or a formula in the columns of a table.

    A formula's inputs are the columns that it names; `x`, where given, must be these. Of a y that is not positive the
    formula is fitted to y + shift, a constant, which no loss on the scale of y feels. Raises LawbookError for an
    unknown name, FormulaError with the place.
    """
    if isinstance(given, Law):
        return given
    if not is_formula(given):
        return laws[given]
    written = parse(given)
    if written.output and written.output != y:
        raise FormulaError(given, given.index(written.output), f"it says {written.output}, and y is {y!r}")
    columns = [str(column) for column in table.columns if str(column) != y]
    positive = [name for name in columns if _positive(table[name])]
    law = formula(
        given, columns, name=name, positive=positive, shift=shift_of(table, y),
        values=lambda column: index_of(column, table).values,
    )  # fmt: skip
    check_values(law, table, y)
    asked = [x] if isinstance(x, str) else list(x or law.inputs)
    if set(asked) != set(law.inputs):
        raise LawbookError(
            f"x names {listed(asked)}, and the formula reads {listed(law.inputs)}; name these, or leave x out"
        )
    return law


def check_values(law: Law, table: pd.DataFrame, y: str) -> None:
    """Raise LawbookError for a value of a law's index with fewer points than it has parameters of its own."""
    if law.index is None or y not in table.columns:
        return
    others = [law.inputs[j] for j in law.measured]
    seen = table[pd.to_numeric(table[y], errors="coerce").notna()].dropna(subset=others)
    at = law.index.codes(seen[law.index.column])
    for place, value in enumerate(law.index.values, start=1):
        own = [name for name in law.parameters if name.endswith(f"[{value}]")]
        points = len(seen[others][at == place].drop_duplicates())
        if points < len(own):
            raise LawbookError(
                f"{law.index.column} = {value} has {points} points ({', '.join(others)}) for {len(own)} parameters of"
                f' its own, {listed(own)}; leave it out (--where "{law.index.column}!={value}"), or let it share some'
            )


def index_in(text: str, columns: Sequence[str], y: str) -> str:
    """Return the column that is a formula's index, '' where it has none. Raises FormulaError for one that is none."""
    index = formula(text, [name for name in columns if name != y]).index
    return index.column if index else ""


def _positive(column: pd.Series) -> bool:
    """Say whether all numbers of a column are above 0."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    return not (values <= 0).any()


def shift_of(table: pd.DataFrame, y: str) -> float:
    """Return what is added to y so that it is positive, 0 where it is."""
    if y not in table.columns:
        return 0.0
    values = pd.to_numeric(table[y], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    values = values[np.isfinite(values)]
    if not len(values) or values.min() > 0:
        return 0.0
    return float(_LIFT * max(np.ptp(values), np.abs(values).max()) - values.min())
