"""The run cache: finished runs by what determined them, in immutable checksummed files.

A file holds the runs of one finished stack, and its name is the hash of its bytes. There are no locks: a file is
written beside its place and renamed, a duplicate does no harm, and a damaged file is reported and not used.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lawbook.files import written_atomically
from lawbook.tables import COLUMNS

_LOG = logging.getLogger(__name__)
_SCHEMA = pa.schema([("key", pa.string()), *COLUMNS["curves"].items()])


@dataclass(frozen=True)
class CachedRun:
    """A finished run: its curve ('curves' without run_id changes) and its outcome row."""

    curve: pd.DataFrame
    outcome: Mapping[str, Any]


class RunCache:
    """The finished runs of one kind (training code, numerics, shape), in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, keys: Sequence[str]) -> dict[str, CachedRun]:
        """Return the cached runs among `keys`; files that are damaged are reported and passed over."""
        wanted = set(keys)
        found: dict[str, CachedRun] = {}
        for file in sorted(self.folder.glob("*.parquet")):
            if not wanted - set(found):
                break
            data = file.read_bytes()
            if _name(data) != file.name:
                _LOG.warning("%s is damaged; its runs are trained again", file)
                continue
            table = pq.read_table(io.BytesIO(data))
            outcomes = json.loads(table.schema.metadata[b"outcomes"])
            curves = dict(iter(table.to_pandas().groupby("key", sort=False)))
            for key, outcome in outcomes.items():
                if key in wanted:
                    curve = curves.get(key, table.slice(0, 0).to_pandas())
                    found[key] = CachedRun(curve.drop(columns="key").reset_index(drop=True), outcome)
        return found

    def store(self, runs: Mapping[str, CachedRun]) -> None:
        """Write finished runs as one file."""
        curves = pd.concat([run.curve.assign(key=key) for key, run in runs.items()], ignore_index=True)
        table = pa.Table.from_pandas(curves, schema=_SCHEMA, preserve_index=False)
        outcomes = json.dumps({key: run.outcome for key, run in runs.items()}, sort_keys=True)
        buffer = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({"outcomes": outcomes}), buffer, compression="zstd")
        with written_atomically(self.folder / _name(buffer.getvalue())) as temporary:
            temporary.write_bytes(buffer.getvalue())


def _name(data: bytes) -> str:
    return f"{hashlib.sha256(data).hexdigest()[:32]}.parquet"
