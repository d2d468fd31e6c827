"""When jobs ran, by the records that Snakemake keeps of the files they made."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RECORDS = Path(".snakemake/metadata")
"""Where Snakemake keeps its records, in the folder in which it runs."""


@dataclass(frozen=True)
class Ran:
    """When a job began and ended."""

    start: datetime
    end: datetime


def when_made(file: Path, digests: Collection[str], records: Path = RECORDS) -> Ran | None:
    """Return when the job that made a file ran; None where no record says so.

    file: its path as the workflow names it. digests: those that the job was given, of study and code; a record of a job
    that was given others is of an earlier file in this place.
    """
    record = _read(records / base64.urlsafe_b64encode(str(file).encode()).decode())
    given = " ".join(map(str, record.get("params") or []))
    start, end = record.get("starttime"), record.get("endtime")
    if record.get("incomplete") or not all(digest in given for digest in digests):
        return None
    if not isinstance(start, float) or not isinstance(end, float):
        return None
    return Ran(*(datetime.fromtimestamp(round(seconds, 3), UTC) for seconds in (start, end)))


def _read(record: Path) -> dict[str, Any]:
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
