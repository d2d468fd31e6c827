"""Reading a table that a user brings, CSV or Parquet: its column names alone, or every row, none dropped in silence."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed, printable, suggest

SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")
"""Endings of the names of tables."""

_PARQUET = (".parquet", ".pq")
_DELIMITERS = (",", ";", "\t")
_MISSING = frozenset(
    ("", "na", "n/a", "#n/a", "#na", "<na>", "#n/a n/a", "nan", "-nan", "null", "none", "-", "–",
     "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan")
)  # fmt: skip
"""Cells that say that nothing is there, as pandas and spreadsheets write them; in lower case."""
_FLAGS = {"true": True, "false": False}


class TableError(LawbookError):
    """A file that is no table: says which, what is wrong with it, and the fix."""

    def __init__(self, file: Path, problem: str, fix: str) -> None:
        super().__init__(f"{file}: {problem}; {fix}")
        self.problem, self.fix = problem, fix


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

    A CSV column becomes int64 if all its cells are whole numbers, float64 if all are numbers or empty, bool if all
    are true or false, any other text. Raises TableError for a file that is absent, is no table, has no rows, or has
    rows of unequal length, naming rows.
    """
    file, content = Path(path), read_content(path)
    table = _parquet(file, content) if file.suffix in _PARQUET else _csv(file, content)
    if table.empty:
        raise TableError(file, "the table has no rows", "give a row per run")
    _refuse_unseen(file, map(str, table.columns))
    return Source(file, hashlib.sha256(content).hexdigest(), table)


def read_content(path: str | Path) -> bytes:
    """Return the bytes of a file that a user named. Raises TableError for one that is absent or cannot be read."""
    file = Path(path)
    if file.exists() and not file.is_file():
        raise TableError(file, "is no regular file", "give a CSV or Parquet file")
    try:
        return file.read_bytes()
    except FileNotFoundError:
        near = suggest(file.name, (p.name for p in file.parent.glob("*") if p.suffix in SUFFIXES))
        raise TableError(file, "there is no such file", near if "mean" in near else "mend the path") from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise TableError(file, problem, "give a CSV or Parquet file") from None


def column_names(path: str | Path, content: bytes) -> list[str]:
    """Return the names of the columns of a table, those without one left out. Raises TableError as `read_source`."""
    file = Path(path)
    names = _parquet_names(file, content) if file.suffix in _PARQUET else _csv_names(file, content)
    _refuse_unseen(file, names)
    return [name for name in names if name]


def _refuse_unseen(file: Path, names: Iterable[str]) -> None:
    for name in names:
        if printable(name) != name:
            raise TableError(file, f"the column {name!r} has an unseen character", "rename it")


def _parquet(file: Path, content: bytes) -> pd.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table: pd.DataFrame = pq.ParquetFile(io.BytesIO(content)).read().to_pandas(ignore_metadata=True)
    except (OSError, pa.ArrowException) as error:
        raise TableError(file, f"is not a Parquet table ({error})", "write it again") from None
    return table.set_axis(pd.RangeIndex(1, len(table) + 1))


def _parquet_names(file: Path, content: bytes) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return list(map(str, pq.read_schema(io.BytesIO(content)).names))
    except (OSError, pa.ArrowException) as error:
        raise TableError(file, f"is not a Parquet table ({error})", "write it again") from None


def _csv(file: Path, content: bytes) -> pd.DataFrame:
    records = [(row, record) for row, record in _records(file, content) if any(map(str.strip, record))]
    if not records:
        raise TableError(file, "is empty", "give a header row and a row per run")
    names = [name.strip() for name in records[0][1]]
    at, rows = [row for row, _ in records[1:]], [record for _, record in records[1:]]
    _refuse_ragged(file, names, rows, at)
    if not rows:
        raise TableError(file, "the table has no rows below its header", "give a row per run")
    columns = [_column([cell.strip() for cell in cells]) for cells in zip(*rows, strict=True)]
    return pd.DataFrame(dict(enumerate(columns)), index=at).set_axis(names, axis=1)


def _csv_names(file: Path, content: bytes) -> list[str]:
    header = next((record for _, record in _records(file, content) if any(map(str.strip, record))), [])
    return [name.strip() for name in header]


def _records(file: Path, content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a CSV file with their rows, counted from 1."""
    for start, kind, fix in (
        (b"PAR1", "a Parquet file", "let its name end in .parquet"),
        (b"PK", "a spreadsheet or archive", "save the sheet as CSV"),
        (b"\xd0\xcf", "a spreadsheet", "save the sheet as CSV"),
    ):
        if content.startswith(start):
            raise TableError(file, f"is {kind}, not CSV", fix)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise TableError(file, f"row {row} is not UTF-8 text", "save the table as CSV in UTF-8") from None
    if "\0" in text:
        raise TableError(file, "is not text", "give a CSV or Parquet file")
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        yield from enumerate(lines, start=1)
    except csv.Error as error:
        raise TableError(file, f"is not a CSV table ({error})", "save it as CSV") from None


def _refuse_ragged(
    file: Path, names: Sequence[str], rows: Sequence[Sequence[str]], at: Sequence[int]
) -> None:
    width = len(names)
    ragged = [(row, len(cells)) for row, cells in zip(at, rows, strict=True) if len(cells) != width]
    if ragged:
        shown = listed(f"{row} has {count}" for row, count in ragged)
        more = ragged[0][1] > width
        why = "a decimal comma, or a comma that is not in quotes?" if more else "a cell left out?"
        raise TableError(file, f"the header has {width} cells ({', '.join(names)}), row {shown}", why)


def _column(cells: Sequence[str]) -> np.ndarray:
    """Return cells as int64, float64, bool or text, None or NaN where empty; see `read_source`."""
    lowered = [cell.lower() for cell in cells]
    if all(cell in _FLAGS for cell in lowered):
        return np.array([_FLAGS[cell] for cell in lowered])
    with suppress(ValueError, OverflowError):
        return np.array([int(cell) for cell in cells], dtype=np.int64)
    try:
        return np.array([np.nan if cell in _MISSING else float(cell) for cell in lowered])
    except ValueError:
        missing = [cell in _MISSING for cell in lowered]
        return np.array(
            [None if none else cell for none, cell in zip(missing, cells, strict=True)], dtype=object
        )
