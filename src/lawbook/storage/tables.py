"""How the tables that pass between the stages are read and written.

A missing number is null, never 0. Tables are written atomically and sealed, and the same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lawbook.errors import LawbookError
from lawbook.storage.checksum import check_seal, seal, unsealed
from lawbook.storage.columns import COLUMNS, Role
from lawbook.storage.files import written_atomically
from lawbook.storage.provenance import KEY, Provenance

ROLE = b"role"
"""Key of a column's role in the metadata of its Parquet field."""

Kind = str | Mapping[str, pa.DataType]
"""The columns of a table with their types, or the name under which they stand in `COLUMNS`."""


def conform(frame: pd.DataFrame, kind: Kind) -> pd.DataFrame:
    """Return the frame with exactly the columns of `kind`, in order; absent ones are null.

    Raises LawbookError if the frame has a column that this kind of table lacks.
    """
    columns = list(_columns(kind))
    unknown = sorted(set(frame.columns) - set(columns))
    if unknown:
        named = f"table {kind}: " if isinstance(kind, str) else ""
        raise LawbookError(f"{named}unknown columns {unknown}; valid: {sorted(columns)}")
    return frame.reindex(columns=columns)


def _columns(kind: Kind) -> Mapping[str, pa.DataType]:
    return COLUMNS[kind] if isinstance(kind, str) else kind


def write_table(
    frame: pd.DataFrame,
    path: str | Path,
    kind: Kind | None = None,
    made: Provenance | None = None,
    roles: Mapping[str, Role] | None = None,
) -> None:
    """Write a frame as Parquet, atomically and sealed; with `kind`, exactly that table's columns and types.

    made: how the table came to be; roles: what its columns are, by name. The file carries both.
    """
    if kind is None:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    else:
        schema = pa.schema(list(_columns(kind).items()))
        table = pa.Table.from_pandas(conform(frame, kind), schema=schema, preserve_index=False)
    fields = [field.with_metadata(_role(field.name, roles or {})) for field in table.schema]
    table = table.cast(pa.schema(fields, metadata=_about(made)))
    with written_atomically(path) as temporary, _sealed(temporary, Path(path).name, table.schema) as writer:
        writer.write_table(table)


def write_parts(
    parts: Iterable[pa.Table], path: str | Path, kind: str, made: Provenance | None = None
) -> None:
    """Write a table that comes in parts, never whole in memory: as Parquet, and as CSV beside it."""
    path, schema = Path(path), pa.schema(list(COLUMNS[kind].items()), metadata=_about(made))
    with (
        written_atomically(path) as temporary,
        written_atomically(path.with_suffix(".csv")) as twin,
        _sealed(temporary, path.name, schema) as writer,
        twin.open("w", encoding="utf-8", newline="") as text,
    ):
        schema.empty_table().to_pandas().to_csv(text, index=False)
        for part in parts:
            writer.write_table(part.cast(schema))
            part.to_pandas().to_csv(text, index=False, header=False)


@contextmanager
def _sealed(file: Path, name: str, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """Yield a writer of a table; once everything is written, seal the file under that name."""
    with pq.ParquetWriter(file, schema, compression="zstd") as writer:
        yield writer
        writer.add_key_value_metadata(unsealed(name))
    seal(file)


def _role(column: str, roles: Mapping[str, Role]) -> dict[bytes, bytes] | None:
    return {ROLE: roles[column].encode()} if column in roles else None


def _about(made: Provenance | None) -> dict[bytes, str] | None:
    return None if made is None else {KEY: made.as_json()}


def write_csv(frame: pd.DataFrame, path: str | Path) -> None:
    """Write a frame as CSV, atomically, with every digit that a float64 needs."""
    with written_atomically(path) as temporary:
        frame.to_csv(temporary, index=False)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a Parquet table. Raises LawbookError naming the file if it is absent, damaged, or another table."""
    with _readable(path):
        frame: pd.DataFrame = pq.ParquetFile(path).read().to_pandas()
        return frame


def read_roles(path: str | Path) -> dict[str, Role]:
    """Return the roles of a table's columns, by name. Raises LawbookError if the table carries none."""
    known = get_args(Role)
    with _readable(path):
        told = {field.name: (field.metadata or {}).get(ROLE, b"").decode() for field in pq.read_schema(path)}
    roles: dict[str, Role] = {name: role for name, role in told.items() if role in known}
    if not roles:
        raise LawbookError(f"{path} does not say what its columns are; delete it and run again")
    return roles


def n_rows(path: str | Path) -> int:
    """Return the number of rows of a Parquet table, which is not read. Raises LawbookError as `read_table` does."""
    with _readable(path):
        return int(pq.read_metadata(path).num_rows)


def read_rows(path: str | Path, wanted: pc.Expression) -> pa.Table:
    """Return the rows of a Parquet table that an expression selects. Raises LawbookError as `read_table` does."""
    with _readable(path):
        return pq.read_table(path, filters=wanted, partitioning=None)


@contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Check the seal of a table; turn what goes wrong, there or in reading it, into one message."""
    try:
        check_seal(Path(path))
        yield
    except (OSError, ValueError, pa.ArrowException) as error:
        raise LawbookError(f"{path}: cannot be read as a table ({error}); delete it and run again") from error


def empty(kind: Kind) -> pd.DataFrame:
    """Return a table of that kind without rows."""
    frame: pd.DataFrame = pa.schema(list(_columns(kind).items())).empty_table().to_pandas()
    return frame
