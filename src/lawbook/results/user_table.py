"""Reading a table that a user brings: every row numbered as a spreadsheet shows it, nothing dropped in silence."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed, printable, suggest

_MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "none", "-", "–"))
_PARQUET = (".parquet", ".pq")
_DELIMITERS = (",", ";", "\t")


@dataclass(frozen=True)
class Source:
    """A table with the file that it came from. The index of `table` is the row in the file: the header is row 1.

    The rows of a Parquet file, which has no header row, count from 1.
    """

    file: Path
    sha256: str
    table: pd.DataFrame


def read_source(path: str | Path) -> Source:
    """Return the table in a CSV file (comma, semicolon or tab; UTF-8) or a Parquet file (.parquet, .pq).

    A CSV column whose cells are all numbers or empty becomes float64, any other text. Raises LawbookError for a
    file that is absent, is no table, has no rows, or has rows of unequal length, naming rows.
    """
    file = Path(path)
    if file.exists() and not file.is_file():
        raise LawbookError(f"{file}: is no regular file; give a CSV or Parquet file")
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        tables = (p.name for p in file.parent.glob("*") if p.suffix in (".csv", ".tsv", *_PARQUET))
        near = suggest(file.name, tables).removeprefix("valid names: ")
        raise LawbookError(f"{file}: there is no such file" + (f"; {near}" if near else "")) from None
    except OSError as error:
        raise LawbookError(f"{file}: cannot be read ({error.strerror}); give a CSV or Parquet file") from None
    table = _parquet(file, content) if file.suffix in _PARQUET else _csv(file, content)
    if table.empty:
        raise LawbookError(f"{file}: the table has no rows; give a row per run")
    for name in map(str, table.columns):
        if printable(name) != name:
            raise LawbookError(f"{file}: the column {name!r} has an unseen character; rename it")
    return Source(file, hashlib.sha256(content).hexdigest(), table)


def _parquet(file: Path, content: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: pd.DataFrame = pq.ParquetFile(io.BytesIO(content)).read().to_pandas(ignore_metadata=True)
    except (OSError, pa.ArrowException) as error:
        raise LawbookError(f"{file}: is not a Parquet table ({error}); write it again") from None
    return table.set_axis(pd.RangeIndex(1, len(table) + 1))


def _csv(file: Path, content: bytes) -> pd.DataFrame:
    for start, kind, fix in (
        (b"PAR1", "a Parquet file", "let its name end in .parquet"),
        (b"PK", "a spreadsheet or archive", "save the sheet as CSV"),
        (b"\xd0\xcf", "a spreadsheet", "save the sheet as CSV"),
    ):
        if content.startswith(start):
            raise LawbookError(f"{file}: is {kind}, not CSV; {fix}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise LawbookError(f"{file}: row {row} is not UTF-8 text; save the table as CSV in UTF-8") from None
    if "\0" in text:
        raise LawbookError(f"{file}: is not text; give a CSV or Parquet file")
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise LawbookError(f"{file}: is not a CSV table ({error}); save it as CSV") from None
    at = [row for row, record in enumerate(records, start=1) if any(cell.strip() for cell in record)]
    if not at:
        raise LawbookError(f"{file}: is empty; give a header row and a row per run")
    names = [name.strip() for name in records[at[0] - 1]]
    rows = [records[row - 1] for row in at[1:]]
    _refuse_ragged(file, names, rows, at[1:])
    if not rows:
        raise LawbookError(f"{file}: the table has no rows below its header; give a row per run")
    columns = [_column([cell.strip() for cell in cells]) for cells in zip(*rows, strict=True)]
    table = pd.DataFrame(dict(enumerate(columns)), index=at[1:])
    return table.set_axis(names, axis=1)


def _refuse_ragged(
    file: Path, names: Sequence[str], rows: Sequence[Sequence[str]], at: Sequence[int]
) -> None:
    width = len(names)
    ragged = [(row, len(cells)) for row, cells in zip(at, rows, strict=True) if len(cells) != width]
    if ragged:
        where = listed(f"{row} has {count}" for row, count in ragged)
        why = (
            "a decimal comma, or a comma that is not in quotes?"
            if ragged[0][1] > width
            else "a cell left out?"
        )
        raise LawbookError(f"{file}: the header has {width} cells ({', '.join(names)}), row {where}; {why}")


def _column(cells: Sequence[str]) -> np.ndarray:
    """Return cells as float64 if all are numbers or empty, else as text with None where empty."""
    try:
        return np.array([np.nan if cell.lower() in _MISSING else float(cell) for cell in cells])
    except ValueError:
        return np.array([None if cell.lower() in _MISSING else cell for cell in cells], dtype=object)


def where(table: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Return the rows that meet every `column=value`; several values of one column: any of them.

    Raises LawbookError for a condition without `=`, a column that is not there, or values that no row has.
    """
    wanted: dict[str, list[str]] = {}
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals:
            raise LawbookError(f"--where {condition!r}: write it as column=value")
        wanted.setdefault(column.strip(), []).append(value.strip())
    for column, values in wanted.items():
        if column not in table.columns:
            raise LawbookError(
                f"--where: the table has no column {column!r}; {suggest(column, map(str, table.columns))}"
            )
        cells = table[column]
        if pd.api.types.is_numeric_dtype(cells) and not pd.api.types.is_bool_dtype(cells):
            chosen = cells.isin([number for value in values for number in _as_number(value)])
        else:
            chosen = cells.astype(str).isin(values)
        if not chosen.any():
            there = listed(sorted({f"{v:g}" if isinstance(v, float) else str(v) for v in cells.dropna()}))
            raise LawbookError(f"--where: no row has {column} = {' or '.join(values)}; its values: {there}")
        table = table[chosen]
    return table


def _as_number(value: str) -> list[float]:
    try:
        return [float(value)]
    except ValueError:
        return []
