"""What a table must be before a law is fitted to it: columns that are there, numbers in range, one unit, one rule.

Rows are named by the labels of the table's index, so that a caller who read a file can make them its row numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError, listed, suggest
from lawbook.laws.law import Array, Flags, Law
from lawbook.laws.names import ROLES, bare
from lawbook.laws.note import Note, warning

_TIED = 1e-3
"""Spread of log x off its main direction, relative to that along it, below which inputs vary as one."""
_RESERVED = ("y", "low", "high", "n_seeds", "residual", "censored", "estimate")
"""Columns of the tables of points and predictions, beside the inputs."""


def check_columns(table: pd.DataFrame, columns: Sequence[str]) -> None:
    """Raise LawbookError unless the table has rows, and each of these columns exactly once."""
    names = [str(name) for name in table.columns]
    for column in columns:
        if column not in names:
            raise LawbookError(f"the table has no column {column!r}; {suggest(column, names)}")
        if names.count(column) > 1:
            at = listed(i + 1 for i, name in enumerate(names) if name == column)
            raise LawbookError(
                f"column {column!r} stands twice in the table (columns {at}); rename or remove one"
            )
    if table.empty:
        raise LawbookError("the table has no rows; give a row per run")


def check_request(draws: int, level: float) -> None:
    """Raise LawbookError unless there are draws to make, and the level of the intervals lies in 0..1."""
    if draws < 1:
        raise LawbookError(f"draws = {draws} must be ≥ 1; 1000 is usual")
    if not 0 < level < 1:
        raise LawbookError(f"level = {level:g} must lie between 0 and 1; 0.95 is usual")


def check_history(law: Law, notes: Sequence[Note]) -> None:
    """Raise LawbookError if rows are missing that a law of schedules reads its history from."""
    lost = [
        note for note in notes if note.code in ("missing_y", "missing_x", "diverged", "unconverged", "failed")
    ]
    if law.coupled and lost:
        raise LawbookError(
            f"{law.name} reads each schedule from its rows, but {lost[0].message}; give these rows a value, or remove"
            " the schedule"
        )


def check_inputs(law: Law, inputs: Sequence[str]) -> None:
    """Raise LawbookError unless a law gets as many inputs as it has, each once."""
    usual, given = ", ".join(law.inputs), ", ".join(inputs)
    if len(inputs) != len(law.inputs):
        count = len(law.inputs)
        raise LawbookError(
            f"the law {law.name} has {count} input{'s' * (count > 1)} ({usual}); x names {len(inputs)}: {given};"
            " give as many columns, or another law"
        )
    if set(inputs) == set(law.inputs) and tuple(inputs) != law.inputs:
        raise LawbookError(f"x = {given}, but {law.name} takes {usual}, in this order")
    roles = [next((role for role, names in ROLES.items() if bare(name) in names), name) for name in inputs]
    if tuple(roles) != law.inputs and sorted(roles) == sorted(law.inputs):
        raise LawbookError(
            f"x = {given} reads as {', '.join(roles)}, but {law.name} takes {usual}, in this order"
        )
    taken = [name for name in inputs if name in _RESERVED]
    if taken:
        raise LawbookError(
            f"x names {taken[0]!r}, which the answer's own tables call otherwise; rename the column"
        )
    if len(set(inputs)) < len(inputs):
        raise LawbookError(f"x names a column twice: {given}; {law.name} needs {usual}")


def numbers(table: pd.DataFrame, column: str) -> Array:
    """Return a column as numbers, NaN where it is empty. Raises LawbookError, naming rows, for text."""
    try:
        return table[column].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        values = table[column]
        text = (pd.to_numeric(values, errors="coerce").isna() & values.notna()).to_numpy()
        shown = values[text]
        fix = "write a number, or leave the cell empty"
        if shown.astype(str).str.fullmatch(r"\s*[-+]?[\d,.]*,\d+([eE][-+]?\d+)?\s*").all():
            fix = "write 3.14 for 3,14 and 1000 for 1,000"
        where = f"rows {listed(shown.index)} ({listed(repr(value) for value in shown)})"
        raise LawbookError(f"column {column!r} is not numeric: {where}; {fix}") from None


def places(x: ArrayLike | pd.DataFrame, inputs: tuple[str, ...]) -> Array:
    """Return x as (n, d). Raises LawbookError for another shape, or a table without the inputs."""
    if isinstance(x, pd.DataFrame):
        check_columns(x, inputs)
        return np.stack([numbers(x, name) for name in inputs], axis=1)
    at = np.asarray(x, dtype=float)
    at = at.reshape(-1, 1) if len(inputs) == 1 else np.atleast_2d(at)
    if at.ndim != 2 or at.shape[1] != len(inputs):
        raise LawbookError(f"x has shape {np.shape(x)}; give (n, {len(inputs)}): {', '.join(inputs)}")
    return at


def refuse_rows(
    table: pd.DataFrame, bad: Flags, problem: str, columns: Sequence[str] = (), fix: str = ""
) -> None:
    """Raise LawbookError if any row is bad, naming rows and their values in `columns`."""
    if not bad.any():
        return
    rows = table[bad]
    values = [f"{column} = {listed(rows[column])}" for column in columns if column in rows]
    shown = f" ({'; '.join(values)})" if values else ""
    raise LawbookError(f"{problem}; rows {listed(rows.index)}{shown}" + (f"; {fix}" if fix else ""))


def check_rules(table: pd.DataFrame, inputs: Sequence[str]) -> None:
    """Raise LawbookError if the rows count parameters, data or compute by different rules.

    A rule is a column `rule`, `param_count`, or `OF_rule` with OF an input, a usual name of N, D or C, or
    `counting`. One that says of another column than the inputs how it was counted (`flops_rule` beside `flops`,
    fitted against N) does not matter.
    """
    counted = {"", "counting", "count"}.union(*ROLES.values())
    for column in table.columns:
        name = str(column)
        of = name.removesuffix("rule").removesuffix("_")
        elsewhere = of != name and of in table.columns and of not in inputs
        is_rule = of != name and (of in inputs or bare(of) in counted)
        if elsewhere or not (is_rule or name == "param_count"):
            continue
        parts = [(value, rows.index) for value, rows in table.groupby(column, dropna=False, sort=True)]
        if len(parts) > 1:
            found = "; ".join(f"{_named(value)} in rows {listed(rows)}" for value, rows in parts[:4])
            more = f"; … ({len(parts)} rules)" if len(parts) > 4 else ""
            raise LawbookError(
                f"column {name!r} mixes {len(parts)} rules of counting: {found}{more}; keep the rows of one"
            )


def _named(value: object) -> str:
    return "nothing" if value is None or value != value else repr(value)


def tied_notes(inputs: Sequence[str], x: Array) -> list[Note]:
    """Return a warning if one input follows from the others as a product of powers; x: (n, d), all > 0."""
    z = np.log(x)
    z = z - z.mean(axis=0)
    spread = np.linalg.norm(z, axis=0)
    if len(inputs) < 2 or not (spread > 0).all():
        return []
    size = np.linalg.svd(z / spread, compute_uv=False)
    if len(x) > len(inputs) and size[-1] > _TIED * size[0]:
        return []
    text = f"{' and '.join(inputs)} vary together (one follows from the rest): their effects cannot be told apart"
    return [warning("tied_inputs", text, inputs=list(inputs))]
