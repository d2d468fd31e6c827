"""The table from which a study takes its runs: found and checked by its first line, before anything is read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lawbook.errors import LawbookError, StudyError, suggest
from lawbook.storage.user_table import (
    ENDINGS,
    TableError,
    column_names,
    is_table_name,
    read_content,
    refuse_nested,
    seed_columns,
)
from lawbook.studies.roles import roles_in_table
from lawbook.studies.study import Study


@dataclass(frozen=True)
class Source:
    """A table of runs: where it lies, what is in it, and its columns, {name in the study: name in the file}.

    A column that tells the seeds by another name has two in the study, its own and `seed`.
    """

    file: Path
    sha256: str
    columns: Mapping[str, str]


def awaits_table(study: Study) -> bool:
    """Tell whether a study takes its runs from a table that a user is to bring, and that is not there."""
    block = study.content.table
    return block is not None and bool(block.obtain) and not (study.file.parent / block.path).exists()


def find_source(study: Study) -> Source | None:
    """Return the table that a study takes its runs from, or None for a study that trains them.

    Raises StudyError, naming file and key, for a file that is absent, of another kind or not the one meant,
    for columns that share a name, for a `rename` that cannot be, and where a law or claim names a column of lists. Only
    the column names are read, and the file's digest is taken.
    """
    block = study.content.table
    if block is None:
        return None
    file = study.file.parent / block.path

    def mistake(field: str, value: object, problem: str, fix: str) -> StudyError:
        return study.error(f"table.{field}", value, problem, fix)

    if not is_table_name(file):
        fix = f"give a file that ends in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}, each with .gz or without"
        raise mistake("path", block.path, "this is no kind of table that is read", fix)
    if not file.exists():
        where = f"put it there, or mend the path, which begins at {study.file.parent}"
        fix = "; ".join(filter(None, (block.obtain.strip().rstrip("."), where)))
        raise mistake("path", block.path, f"there is no file {file}", fix)
    try:
        content = read_content(file)
        names, nested = column_names(file, content)
    except TableError as error:
        raise mistake("path", block.path, f"{file} {error.problem}", error.fix) from None
    sha256 = hashlib.sha256(content).hexdigest()
    if block.sha256 is not None and block.sha256 != sha256:
        fix = f"fetch the file that was meant, or write {sha256}"
        raise mistake("sha256", block.sha256, f"{file} is another file", fix)
    if not names:
        fix = "name the columns in its first line"
        raise mistake("path", block.path, f"{file} has no columns", fix)
    for old, new in block.rename.items():
        if old not in [*names, *nested]:
            raise mistake(f"rename.{old}", new, "the table has no such column", suggest(old, names))
    columns: dict[str, str] = {}
    for name in names:
        new = block.rename.get(name, name)
        if new in columns:
            text = f"the columns {columns[new]!r} and {name!r} would both be called {new!r}"
            raise mistake("rename", dict(block.rename), text, "rename one of them to another name")
        columns[new] = name
    left_out = {block.rename.get(name, name): what for name, what in nested.items()}
    roles = roles_in_table(study.content, left_out)
    try:
        refuse_nested(left_out, [name for name in left_out if roles[name] != "attribute"])
    except LawbookError as error:
        problem, _, fix = str(error).partition("; ")
        raise mistake("path", block.path, problem, fix) from None
    seeds = seed_columns(columns)
    if len(seeds) == 1:
        columns.setdefault("seed", columns[seeds[0]])
    return Source(file, sha256, columns)
