"""Comparing what a bundle holds with what is computed again: identical, equal to rounding, or different."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from lawbook.laws.note import Note, Severity, notes_from_json, reason_of

Agreement = Literal["identical", "agrees", "differs", "unchecked"]

TOLERANCE = 1e-6
"""Relative difference below which two numbers agree: machines round differently, and solvers stop."""

WRITTEN = 1.1e-5
"""The same of numbers that were rounded to six digits after that."""

_SHOWN, _LONGEST = 3, 60
"""Differences that are told, and characters of a value."""
_NOTES = "notes"
"""The column whose cells are notes: their messages are compared, not the digits in their details."""
_DIAGNOSTIC = ("gradient", "starts_at_best")
"""Columns that say how the solver got there, which may differ where the result does not."""


@dataclass(frozen=True)
class Finding:
    """What came of comparing one thing; `detail` names the differences."""

    what: str
    agreement: Agreement
    detail: str = ""


def compare_tables(what: str, kept: pd.DataFrame, again: pd.DataFrame) -> Finding:
    """Compare two tables row by row: texts exactly, numbers to a relative 1e-6, missing only with missing."""
    if list(kept.columns) != list(again.columns):
        odd = sorted(set(kept.columns) ^ set(again.columns))
        return Finding(what, "differs", f"columns {odd or 'in another order'}")
    if len(kept) != len(again):
        return Finding(what, "differs", f"{len(kept)} rows in the bundle, {len(again)} computed again")
    if kept.equals(again):
        return Finding(what, "identical", f"{len(kept)} rows")
    differing, largest = [], 0.0
    for column in kept.columns:
        if column in _DIAGNOSTIC:
            continue
        sides = [
            table[column].map(_messages) if column == _NOTES else table[column] for table in (kept, again)
        ]
        unequal, size = _unequal(*sides)
        largest = max(largest, size)
        differing += [
            f"{column} of row {row + 1}: {kept[column].iloc[row]!s} in the bundle, {again[column].iloc[row]!s} again"
            for row in np.flatnonzero(unequal)
        ]
    if not differing:
        return Finding(what, "agrees", f"{len(kept)} rows, to a relative {max(largest, 1e-16):.0e}")
    return Finding(what, "differs", _listed(differing))


def compare_json(what: str, kept: Any, again: Any) -> Finding:
    """Compare two values of JSON: texts exactly, numbers to a relative 1.1e-5, since they are written in six digits."""
    if kept == again:
        return Finding(what, "identical")
    differing = list(_other_parts("", kept, again))
    if not differing:
        return Finding(what, "agrees", f"numbers to a relative {WRITTEN:.0e}")
    return Finding(what, "differs", _listed(differing))


def _other_parts(place: str, kept: Any, again: Any) -> Iterator[str]:
    """Yield what differs between two values of JSON, and where it stands."""
    if isinstance(kept, dict) and isinstance(again, dict) and kept.keys() == again.keys():
        for key, value in kept.items():
            yield from _other_parts(f"{place}.{key}", value, again[key])
    elif isinstance(kept, list) and isinstance(again, list) and len(kept) == len(again):
        for i, value in enumerate(kept):
            yield from _other_parts(f"{place}[{i}]", value, again[i])
    elif isinstance(kept, float | int) and isinstance(again, float | int):
        if not math.isclose(kept, again, rel_tol=WRITTEN):
            yield f"{place.lstrip('.')}: {kept} in the bundle, {again} again"
    elif kept != again:
        yield f"{place.lstrip('.')}: {str(kept)[:_LONGEST]} in the bundle, {str(again)[:_LONGEST]} again"


def _listed(differing: Sequence[str]) -> str:
    more = f"; and {len(differing) - _SHOWN} more" if len(differing) > _SHOWN else ""
    return "; ".join(differing[:_SHOWN]) + more


def with_earlier_columns(again: pd.DataFrame, kept: Sequence[str]) -> pd.DataFrame:
    """Return a table with the columns `reason` and `warnings` that others had before there were notes.

    kept: the columns of a table in a bundle; one that has notes gives the table as it is.
    """
    if _NOTES not in again or _NOTES in kept:
        return again
    notes = again[_NOTES].map(notes_from_json)
    earlier = again.drop(columns=_NOTES).assign(warnings=notes.map(_warnings))
    if "reason" in again:  # verdicts, whose reason is their own
        earlier["warnings"] = earlier["warnings"].where(earlier["warnings"] != "")
    else:
        earlier["reason"] = notes.map(reason_of)
    return earlier[list(kept)]


def _warnings(notes: Iterable[Note]) -> str:
    return "\n".join(str(note) for note in notes if note.severity != Severity.REFUSAL)


def _messages(text: str) -> str:
    return "\n".join(map(str, notes_from_json(text)))


def _unequal(kept: pd.Series, again: pd.Series) -> tuple[np.ndarray, float]:
    """Return which entries differ, and the largest relative difference among the finite ones that do not."""
    if not (pd.api.types.is_numeric_dtype(kept) and pd.api.types.is_numeric_dtype(again)):
        same = (kept == again) | (kept.isna() & again.isna())
        return ~same.fillna(value=False).to_numpy(dtype=bool), 0.0
    a, b = (column.to_numpy(dtype=float, na_value=np.nan) for column in (kept, again))
    close = np.isclose(a, b, rtol=TOLERANCE, atol=0.0, equal_nan=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.abs(a - b) / np.maximum(np.abs(a), np.abs(b))
    finite = size[close & np.isfinite(size)]
    return ~close, float(finite.max(initial=0.0))
