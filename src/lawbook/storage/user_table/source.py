"""A table with the file that it came from: read by the kind of its file, and its columns as numbers when asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from lawbook.errors import LawbookError, printable, suggest
from lawbook.storage.user_table.cells import MISSING, values_of
from lawbook.storage.user_table.columnar import columnar_names, read_columnar
from lawbook.storage.user_table.delimited import Delimited, decoded
from lawbook.storage.user_table.json_lines import read_json_lines
from lawbook.storage.user_table.kinds import Kind, is_table_name, kind_of, unpacked
from lawbook.storage.user_table.numbers import (
    Written,
    looks_like_thousands,
    marks_in,
    numbers_in,
)
from lawbook.storage.user_table.problem import Remark, TableError

T = TypeVar("T")


@dataclass(frozen=True)
class Source:
    """A table with the file that it came from. The index of `table` is the row in the file: the header is row 1.

    The rows of a file that has no header row (Parquet, Arrow, JSON Lines) count from 1. `nested` are the columns that
    are left out since they hold several values a row, {name: what they hold}; `remarks` say how the file and its
    numbers were understood; `written` and `pointed` (the cells of columns that may have points between thousands) are
    what `with_numbers` needs to know.
    """

    file: Path
    sha256: str
    table: pd.DataFrame
    remarks: tuple[Remark, ...] = ()
    nested: Mapping[str, str] = field(default_factory=dict)
    written: Written = field(default_factory=Written)
    pointed: Mapping[str, pd.Series[Any]] = field(default_factory=dict)


def read_source(path: str | Path) -> Source:
    """Return the table in a file: CSV (comma, semicolon, tab, bar or blanks), JSON Lines, Parquet, Arrow or Feather.

    Any of them may be packed with gzip; text may be UTF-8, UTF-16 or, with a remark, Latin-1. A column without a name
    is left out. A column of text becomes int64 if all its cells are whole numbers, float64 if all are numbers or empty,
    bool if all are true or false, any other text, which `with_numbers` may understand. Raises TableError for a file
    that is absent, is no table or one of a kind that is not read, has no rows, or has rows of unequal length, naming
    rows.
    """
    file, packed = Path(path), read_content(path)
    content = unpacked(file, packed)
    kind = kind_of(file, content)
    sha256 = hashlib.sha256(packed).hexdigest()
    if kind is Kind.DELIMITED:
        source = _of_text(file, sha256, content)
    elif kind is Kind.JSON_LINES:
        text, remarks = decoded(file, content)
        table, nested = read_json_lines(file, text)
        source = Source(file, sha256, table, tuple(remarks), nested)
    else:
        _, nested = columnar_names(file, content, kind)
        source = Source(file, sha256, read_columnar(file, content, kind), (), nested)
    if source.table.empty:
        raise TableError(file, "the table has no rows", "give a row per run")
    _refuse_unseen(file, map(str, source.table.columns))
    return source


def read_content(path: str | Path) -> bytes:
    """Return the bytes of a file that a user named. Raises TableError for one that is absent or cannot be read."""
    file = Path(path)
    if file.exists() and not file.is_file():
        raise TableError(file, "is no regular file", "give a CSV or Parquet file")
    try:
        return file.read_bytes()
    except FileNotFoundError:
        near = suggest(file.name, (p.name for p in file.parent.glob("*") if is_table_name(p)))
        raise TableError(file, "there is no such file", near if "mean" in near else "mend the path") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise TableError(file, problem, "give a CSV or Parquet file") from None


def column_names(path: str | Path, content: bytes) -> tuple[list[str], Mapping[str, str]]:
    """Return the names of the columns of a table, and those left out as in `Source.nested`; raises as `read_source`."""
    file = Path(path)
    content = unpacked(file, content)
    kind = kind_of(file, content)
    nested: Mapping[str, str] = {}
    if kind is Kind.DELIMITED:
        names = Delimited(file, decoded(file, content)[0]).names
    elif kind is Kind.JSON_LINES:
        table, nested = read_json_lines(file, decoded(file, content)[0])
        names = list(map(str, table.columns))
    else:
        names, nested = columnar_names(file, content, kind)
    _refuse_unseen(file, names)
    return [name for name in names if name], nested


def renamed(source: Source, names: Mapping[str, str]) -> Source:
    """Return a source whose columns have other names, {old: new}. Raises LawbookError for what cannot be."""
    there = [*map(str, source.table.columns), *source.nested]
    for old, new in names.items():
        if old not in there:
            raise LawbookError(f"the table has no column {old!r} to be renamed; {suggest(old, there)}")
        if new in there and new not in names:
            raise LawbookError(
                f"{old!r} cannot be called {new!r}: the table has such a column; take another name"
            )
    if len(set(names.values())) < len(names):
        raise LawbookError("two columns would have one name; take another for one of them")

    def named_anew(columns: Mapping[str, T]) -> dict[str, T]:
        return {names.get(name, name): value for name, value in columns.items()}

    return replace(
        source,
        table=source.table.rename(columns=dict(names)),
        nested=named_anew(source.nested),
        pointed=named_anew(source.pointed),
        written=replace(source.written, marks=named_anew(source.written.marks)),
    )


def refuse_nested(nested: Mapping[str, str], columns: Iterable[str]) -> None:
    """Raise LawbookError for a column that was left out since it holds several values a row."""
    for column in columns:
        if column in nested:
            fix = "write what is needed of it in a column of its own"
            raise LawbookError(f"column {column!r} holds {nested[column]}, not one value a row; {fix}")


def with_numbers(source: Source, columns: Iterable[str]) -> Source:
    """Return a source with these columns as numbers, and a remark on each that no program would have written so.

    Columns that are not there, or twice, stay for others to refuse. Raises LawbookError, naming rows, for text among
    the numbers, for dates, for lists, and for what could be read in two ways.
    """
    columns = list(dict.fromkeys(columns))
    refuse_nested(source.nested, columns)
    table, remarks = source.table, list(source.remarks)
    for column in columns:
        if list(table.columns).count(column) != 1:
            continue
        values = table[column]
        if values.dtype.kind in "mM":
            raise LawbookError(
                f"column {column!r} holds dates or times; give a number, such as a step or seconds"
            )
        if column in source.pointed:
            values = source.pointed[column].loc[table.index]
        if pd.api.types.is_numeric_dtype(values) or not any(isinstance(value, str) for value in values):
            continue
        cells = [None if _is_missing(value) else str(value) for value in values]
        read = numbers_in(column, cells, list(table.index), source.written)
        table = table.assign(**{column: read.values})
        if read.doubt:
            remarks.append(Remark("points_or_thousands", read.doubt, doubtful=True))
        elif read.places:
            rows = tuple(table.index[list(read.places)])
            remarks.append(
                Remark("numbers_as_written", f"column {column!r}: {', '.join(read.examples)}", rows)
            )
    pointed = {name: cells for name, cells in source.pointed.items() if name not in columns}
    return replace(source, table=table, remarks=tuple(remarks), pointed=pointed)


def _is_missing(value: object) -> bool:
    return value is None or value != value or (isinstance(value, str) and value.strip().lower() in MISSING)


def _of_text(file: Path, sha256: str, content: bytes) -> Source:
    text, remarks = decoded(file, content)
    found = Delimited(file, text)
    found.refuse_ragged(file)
    columns = list(found.columns())
    values = [values_of(cells) for _, cells in columns]
    table = pd.DataFrame(dict(enumerate(values)), index=found.rows).set_axis(
        [name for name, _ in columns], axis=1
    )
    pointed: dict[str, pd.Series[Any]] = {}
    if found.separator == ";":
        pointed = {
            name: pd.Series(cells, index=found.rows, dtype=object)
            for name, cells in columns
            if looks_like_thousands([cell for cell in cells if cell.lower() not in MISSING])
        }
    marks: dict[str, frozenset[str]] = {}
    if pointed or any(column.dtype == object for column in values):  # else there is nothing to be understood
        marks = {name: marks_in(cells) for name, cells in columns}
    written = Written(found.separator, marks)
    return Source(file, sha256, table, (*remarks, *found.remarks), {}, written, pointed)


def _refuse_unseen(file: Path, names: Iterable[str]) -> None:
    for name in names:
        if printable(name) != name:
            raise TableError(file, f"the column {name!r} has an unseen character", "rename it")
