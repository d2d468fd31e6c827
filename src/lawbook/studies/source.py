"""The table from which a study takes its runs: found and checked by its first line, before anything is read."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lawbook.errors import StudyError, printable, suggest
from lawbook.studies.study import Study


@dataclass(frozen=True)
class Source:
    """A table of runs: where it lies, what is in it, and its columns, {name in the study: name in the file}."""

    file: Path
    sha256: str
    columns: Mapping[str, str]


def find_source(study: Study) -> Source | None:
    """Return the table that a study takes its runs from, or None for a study that trains them.

    Raises StudyError, naming file and key, for a file that is absent, of another kind or not the one meant,
    for columns that share a name, and for a `rename` that cannot be. Only the column names are read, and the
    file's digest is taken.
    """
    block = study.content.table
    if block is None:
        return None
    file = study.file.parent / block.path

    def mistake(field: str, value: object, problem: str, fix: str) -> StudyError:
        return study.error(f"table.{field}", value, problem, fix)

    if file.suffix not in _HEADERS:
        fix = f"give a file that ends in {' or '.join(_HEADERS)}"
        raise mistake("path", block.path, "this is no kind of table that is read", fix)
    if file.exists() and not file.is_file():
        raise mistake("path", block.path, f"{file} is no regular file", "give a CSV or Parquet file")
    try:
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        names = _HEADERS[file.suffix](file)
    except FileNotFoundError:
        fix = f"put it there, or mend the path, which begins at {study.file.parent}"
        raise mistake("path", block.path, f"there is no file {file}", fix) from None
    except (OSError, ValueError, csv.Error) as error:
        fix = "give a readable table whose first line names the columns"
        raise mistake("path", block.path, f"{file} cannot be read ({error})", fix) from None
    if block.sha256 is not None and block.sha256 != sha256:
        fix = f"fetch the file that was meant, or write {sha256}"
        raise mistake("sha256", block.sha256, f"{file} is another file", fix)
    if not names:
        fix = "name the columns in its first line"
        raise mistake("path", block.path, f"{file} has no columns", fix)
    for name in names:
        if printable(name) != name:
            raise mistake(
                "path", block.path, f"the column {name!r} has an unseen character", "rename it there"
            )
    for old, new in block.rename.items():
        if old not in names:
            raise mistake(f"rename.{old}", new, "the table has no such column", suggest(old, names))
    columns: dict[str, str] = {}
    for name in names:
        new = block.rename.get(name, name)
        if new in columns:
            text = f"the columns {columns[new]!r} and {name!r} would both be called {new!r}"
            raise mistake("rename", dict(block.rename), text, "rename one of them to another name")
        columns[new] = name
    return Source(file, sha256, columns)


def _csv_header(file: Path) -> list[str]:
    """Return the column names of a CSV file; a column without a name (an index, say) has none to go by."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return [name for name in next(csv.reader(lines), []) if name]


def _parquet_header(file: Path) -> list[str]:
    import pyarrow.parquet as pq

    return list(map(str, pq.read_schema(file).names))


_HEADERS: dict[str, Callable[[Path], list[str]]] = {".csv": _csv_header, ".parquet": _parquet_header}
