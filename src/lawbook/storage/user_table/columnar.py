"""Parquet and Arrow (Feather) files, without their columns of lists and structs, which no law can be fitted to."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from lawbook.storage.user_table.kinds import Kind
from lawbook.storage.user_table.problem import TableError

_CELLS = 250_000_000
"""So many cells, 2 GB of numbers, are read: a few bytes can say of a billion rows that they are alike."""
_INDEX = "__index_level_"
"""How pandas calls an index without a name in a file: it numbers rows, and says nothing of them."""

Schema = Any
Table = Any
"""Of pyarrow, which has no types that mypy can follow."""


def read_columnar(file: Path, content: bytes, kind: Kind) -> pd.DataFrame:
    """Return a table, its rows counted from 1. Raises TableError for a file that is damaged, or too large by far."""
    import pyarrow as pa

    with _damage_named(file, kind):
        table = _parquet(file, content) if kind is Kind.PARQUET else _arrow(content)
        _refuse_large(file, table.num_rows, table.num_columns)
        table.validate(full=True)
        kept = [i for i, field in enumerate(table.schema) if _left_out(field) is None]
        plain = [_decoded(table.column(i)) for i in kept]
        frame = pa.table(plain, names=[f"{i}" for i in kept]).to_pandas(ignore_metadata=True)
        frame = frame.set_axis([table.schema.names[i] for i in kept], axis=1)
        frame = frame.assign(**_range_indexes(table.schema))
    return pd.DataFrame(frame.set_axis(pd.RangeIndex(1, len(frame) + 1)))


def columnar_names(file: Path, content: bytes, kind: Kind) -> tuple[list[str], dict[str, str]]:
    """Return the names of the columns, and those of the columns that are left out, {name: what they hold}."""
    with _damage_named(file, kind):
        schema = _schema(content, kind)
        held = [(field.name, _left_out(field)) for field in schema]
        indexes = _range_indexes(schema)
    return [*(name for name, what in held if what is None), *indexes], {
        name: what for name, what in held if what
    }


@contextmanager
def _damage_named(file: Path, kind: Kind) -> Iterator[None]:
    """Turn what pyarrow says of a damaged file into a TableError."""
    import pyarrow as pa

    name = "a Parquet table" if kind is Kind.PARQUET else "an Arrow (Feather) table"
    try:
        yield
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError) as error:
        why = str(error).partition("\n")[0]
        raise TableError(file, f"is not {name} ({why})", "write it again") from None


def _parquet(file: Path, content: bytes) -> Table:
    import pyarrow.parquet as pq

    opened = pq.ParquetFile(io.BytesIO(content))
    kept = [field.name for field in opened.schema_arrow if _left_out(field) is None]
    _refuse_large(file, opened.metadata.num_rows, len(kept))
    # By name only what is needed is read; of two columns of one name, whose use is refused later, both.
    return opened.read(columns=kept if len(set(kept)) == len(kept) else None)


def _arrow(content: bytes) -> Table:
    if content.startswith(b"FEA1"):
        from pyarrow import feather

        return feather.read_table(io.BytesIO(content))
    with _opened(content) as reader:
        return reader.read_all()


def _schema(content: bytes, kind: Kind) -> Schema:
    if kind is Kind.PARQUET:
        import pyarrow.parquet as pq

        return pq.read_schema(io.BytesIO(content))
    if content.startswith(b"FEA1"):
        return _arrow(content).schema
    with _opened(content) as reader:
        return reader.schema


def _opened(content: bytes) -> Any:
    """Return a reader of an Arrow file, or of a stream, which has no magic word at its beginning."""
    import pyarrow as pa

    return (pa.ipc.open_file if content.startswith(b"ARROW1") else pa.ipc.open_stream)(content)


def _range_indexes(schema: Schema) -> dict[str, range]:
    """Return the named indexes that pandas has left to the metadata, since their values are evenly spaced."""
    told = json.loads((schema.metadata or {}).get(b"pandas", b"{}"))
    ranges = [one for one in told.get("index_columns", []) if isinstance(one, dict) and one.get("name")]
    return {str(one["name"]): range(one["start"], one["stop"], one["step"]) for one in ranges}


def _refuse_large(file: Path, rows: int, columns: int) -> None:
    if rows * columns > _CELLS:
        problem = f"has {rows:,} rows of {columns} columns, more than the {_CELLS:,} cells that are read"
        raise TableError(file, problem, "keep the rows and columns that are needed")


def _left_out(field: Any) -> str | None:
    """Return what a column holds that is left out as if it were not there, '' for a nameless index; else None."""
    import pyarrow as pa

    kind = field.type
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_map(kind) or pa.types.is_struct(kind) or pa.types.is_union(kind):
        return "structs"
    if pa.types.is_nested(kind):
        return "lists"
    return "" if field.name.startswith(_INDEX) else None


def _decoded(column: Any) -> Any:
    """Return a column with its values in place of the numbers of a dictionary."""
    import pyarrow as pa

    is_dictionary = pa.types.is_dictionary(column.type)
    return column.cast(column.type.value_type) if is_dictionary else column
