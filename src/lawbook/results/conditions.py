"""Conditions on rows as people type them: `D >= 1e9`, `dataset = web`, `lr in 1e-3,3e-3`, `N = 1e8..1e10`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed, suggest
from lawbook.storage.user_table.numbers import number_in

_SIGNS = (">=", "<=", "!=", "==", "=", ">", "<")
_ORDER = (">=", "<=", ">", "<")
_WORD = re.compile(r"in\s", re.IGNORECASE)
_HOW = "write it as column=value, or with >=, <=, >, <, != or `in a,b`"


@dataclass(frozen=True)
class Condition:
    """What a column must be: `sign` is one of = != >= <= > <, or `in` for any of several values, `..` for a range.

    `text` is the condition as it was typed.
    """

    text: str
    column: str
    sign: str
    values: tuple[str, ...]

    @property
    def compares_numbers(self) -> bool:
        """Tell whether the condition asks for the order of numbers, so that the column must hold them."""
        return self.sign in (*_ORDER, "..")


def parse_condition(text: str, columns: Iterable[str]) -> Condition:
    """Return a condition on one of these columns. Raises LawbookError for a text that is none.

    >>> parse_condition("D>=1e9", ["D", "loss"]).sign, parse_condition("set in web, code", ["set"]).values
    ('>=', ('web', 'code'))
    >>> parse_condition("N = 1e8..1e10", ["N"])
    Condition(text='N = 1e8..1e10', column='N', sign='..', values=('1e8', '1e10'))
    """
    names = sorted(map(str, columns), key=len, reverse=True)
    stripped = text.strip()
    # The longest name first, and with what follows it, since a name may itself have signs and blanks in it.
    for name in names:
        if name and stripped.startswith(name) and (found := _sign(stripped[len(name) :])):
            return _condition(text, name, *found)
    if found_sign := re.search(r"[<>!=]=?|\sin\s", stripped, re.IGNORECASE):
        column = stripped[: found_sign.start()].strip()
        raise LawbookError(f"--where: the table has no column {column!r}; {suggest(column, names)}")
    raise LawbookError(f"--where {text!r}: {_HOW}")


def _sign(rest: str) -> tuple[str, str] | None:
    """Return the sign at the beginning of what follows a column's name, and what follows it."""
    after = rest.lstrip()
    for sign in _SIGNS:
        if after.startswith(sign):
            return ("=" if sign == "==" else sign), after[len(sign) :].strip()
    return ("in", after[2:].strip()) if rest != after and _WORD.match(f"{after} ") else None


def _condition(text: str, column: str, sign: str, value: str) -> Condition:
    if not value or value[0] in "=<>":
        raise LawbookError(f"--where {text!r}: what must {column!r} be? {_HOW}")
    if sign in ("=", "in") and (ends := _range(value)):
        if ends[0] > ends[1]:
            raise LawbookError(f"--where {text!r}: the range is empty; write the smaller end first")
        return Condition(text, column, "..", tuple(part.strip() for part in value.split("..", 1)))
    if sign == "in":
        values = tuple(_unquoted(part.strip()) for part in value.strip("[](){} ").split(",") if part.strip())
        if not values:
            raise LawbookError(f"--where {text!r}: `in` names no value; write a,b,c after it")
        return Condition(text, column, sign, values)
    if sign in _ORDER and ((number := number_in(value)) is None or not np.isfinite(number)):
        raise LawbookError(f"--where {text!r}: {value!r} is no number, and {sign} compares numbers; {_HOW}")
    return Condition(text, column, sign, (_unquoted(value),))


def _range(value: str) -> tuple[float, float] | None:
    """Return the ends of a range of numbers, None for any other value."""
    first, dots, last = value.partition("..")
    low, high = number_in(first), number_in(last)
    return None if not dots or low is None or high is None else (low, high)


def _unquoted(value: str) -> str:
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else value


def rows_where(table: pd.DataFrame, conditions: Sequence[Condition]) -> pd.DataFrame:
    """Return the rows that meet every condition; of several `=`, or ranges, of one column: any of them.

    A row whose cell is empty meets none. Raises LawbookError for a comparison of what is no number, and for conditions
    that no row meets.
    """
    for among in _alternatives(conditions):
        column = among[0].column
        if list(table.columns).count(column) != 1:
            raise LawbookError(f"--where: column {column!r} stands twice in the table; rename or remove one")
        cells = table[column]
        met = np.logical_or.reduce([_meets(cells, condition) for condition in among])
        chosen = met & cells.notna().to_numpy()
        if not chosen.any():
            asked = " or ".join(f"{_asked(condition)}" for condition in among)
            raise LawbookError(f"--where: no row has {asked}; {_there(cells)}")
        table = table[chosen]
    return table


def _alternatives(conditions: Sequence[Condition]) -> list[list[Condition]]:
    """Return the conditions in groups of which one must be met: the equalities of one column, else each by itself."""
    groups: dict[object, list[Condition]] = {}
    for i, condition in enumerate(conditions):
        equality = condition.sign in ("=", "..")
        groups.setdefault((condition.column, "=") if equality else i, []).append(condition)
    return list(groups.values())


def _meets(cells: pd.Series[Any], condition: Condition) -> np.ndarray:
    """Return which cells meet a condition, (rows,)."""
    sign, values = condition.sign, condition.values
    if pd.api.types.is_bool_dtype(cells):
        said = cells.astype(str).str.lower()
        found = said.isin([value.lower() for value in values])
    elif pd.api.types.is_numeric_dtype(cells):
        numbers = [number for value in values if (number := number_in(value)) is not None]
        if condition.compares_numbers:
            return _in_order(cells.to_numpy(dtype=float, na_value=np.nan), sign, numbers)
        found = cells.isin(numbers)
    else:
        found = cells.astype(str).isin(values)
    if condition.compares_numbers:
        raise LawbookError(
            f"--where {condition.text!r}: column {condition.column!r} holds no numbers; {_HOW}"
        )
    return np.asarray(~found if sign == "!=" else found, dtype=bool)


def _in_order(cells: np.ndarray, sign: str, numbers: Sequence[float]) -> np.ndarray:
    if sign == "..":
        return (cells >= numbers[0]) & (cells <= numbers[1])
    (number,) = numbers
    compared = {">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less}[sign]
    return np.asarray(compared(cells, number), dtype=bool)


def _asked(condition: Condition) -> str:
    values, sign = condition.values, condition.sign
    shown = "..".join(values) if sign == ".." else ",".join(values)
    return f"{condition.column} {'=' if sign == '..' else sign} {shown}"


def _there(cells: pd.Series[Any]) -> str:
    """Return what stands in a column, of many numbers the range."""
    known = cells.dropna()
    if pd.api.types.is_numeric_dtype(known) and not pd.api.types.is_bool_dtype(known) and known.nunique() > 8:
        return f"it goes from {known.min():g} to {known.max():g}"
    return f"its values: {listed(sorted({f'{v:g}' if isinstance(v, float) else str(v) for v in known}))}"
