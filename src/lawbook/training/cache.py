"""The cache: finished runs and scores by what determined them, in immutable checksummed files.

A file holds what was finished together, such as the runs of a stack, and its name is the hash of its bytes. There
are no locks: a file is written beside its place and renamed, a duplicate does no harm, and a damaged file is
reported and not used.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lawbook.storage.columns import COLUMNS
from lawbook.storage.files import written_atomically

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cached:
    """Something finished: a table, and one row about it. Of a run, its curve and its outcome."""

    table: pd.DataFrame
    row: Mapping[str, Any]


class Cache:
    """What is finished of one kind (code, numerics, shape), in one folder; `tables` names the kind of its tables."""

    def __init__(self, folder: Path, tables: str) -> None:
        self.folder = folder
        self._schema = pa.schema([("key", pa.string()), *COLUMNS[tables].items()])

    def load(self, keys: Sequence[str]) -> dict[str, Cached]:
        """Return what is cached among `keys`; files that are damaged are reported and passed over."""
        wanted = set(keys)
        found: dict[str, Cached] = {}
        for file in sorted(self.folder.glob("*.parquet")):
            if not wanted - set(found):
                break
            try:
                found |= self._read(file.name, file.read_bytes(), wanted - set(found))
            except (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException):
                _LOG.warning("%s is damaged; what it held is computed again", file)
        return found

    def _read(self, name: str, data: bytes, wanted: Set[str]) -> dict[str, Cached]:
        """Return what a file holds of what is wanted; most hold other jobs' runs, whose tables are then not read.

        Raises ValueError or another error if it is not what `store` has written.
        """
        if _name(data) != name:
            raise ValueError(f"the content of {name} is another")
        parquet = pq.ParquetFile(io.BytesIO(data))
        if not parquet.schema_arrow.equals(self._schema):
            raise ValueError(f"the columns of {name} are others")
        rows = json.loads(parquet.schema_arrow.metadata[b"rows"])
        rows = {key: row for key, row in rows.items() if key in wanted}
        if not rows:
            return {}
        table = parquet.read()
        tables = dict(iter(table.to_pandas().groupby("key", sort=False)))
        nothing = table.slice(0, 0).to_pandas()
        return {
            key: Cached(tables.get(key, nothing).drop(columns="key").reset_index(drop=True), dict(row))
            for key, row in rows.items()
        }

    def store(self, finished: Mapping[str, Cached]) -> None:
        """Write what was finished together as one file; say so if it cannot be, since a job's own tables still can."""
        tables = [one.table for one in finished.values()]
        keyed = pd.concat(tables, ignore_index=True).assign(
            key=np.repeat(list(finished), [len(table) for table in tables])
        )
        table = pa.Table.from_pandas(keyed, schema=self._schema, preserve_index=False)
        rows = json.dumps({key: one.row for key, one in finished.items()}, sort_keys=True)
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({"rows": rows}), buffer, compression="zstd")
        try:
            with written_atomically(self.folder / _name(buffer.getvalue())) as temporary:
                temporary.write_bytes(buffer.getvalue())
        except OSError as error:
            _LOG.warning("%s cannot be written (%s); what is finished is not kept", self.folder, error)


def _name(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()[:32]}.parquet"
