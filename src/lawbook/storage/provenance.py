"""Provenance: how a table or a figure came to be, as JSON inside the file itself.

It names no time and no machine, so that the same study gives the same bytes.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lawbook.errors import LawbookError

KEY = b"lawbook"
"""Key of a Parquet file's metadata under which its provenance stands."""

_PACKAGES = ("lawbook", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "matplotlib")
_TOLD = {"code": "digest", "data": "data", "devices": "device", "versions": "versions"}
_SVG_SOURCE = ".//{http://purl.org/dc/elements/1.1/}source"


@dataclass(frozen=True)
class Provenance:
    """How a file was made, and how the runs behind it were trained.

    configuration: digest of what the study says to this stage; code: digest of the stage's code; versions: of the
    packages that wrote the file; runs: what `about_runs` says of the runs behind it, empty where there are none yet.
    """

    study: str
    stage: str
    configuration: str
    code: str
    versions: Mapping[str, str]
    runs: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return it as one line of JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def about_runs(costs: pd.DataFrame, seeds: Iterable[int]) -> dict[str, Any]:
    """Return how runs, or the probes of pools, were trained: data digests, devices, versions, seeds, code digests.

    costs: a row per run (or pool and metric) with the columns data, device, versions (a JSON object) and, where the
    code may differ from row to row, digest. Each value is told once.
    """
    told: dict[str, Any] = {name: _each(costs[column]) for name, column in _TOLD.items() if column in costs}
    return told | {"versions": [json.loads(text) for text in told["versions"]], "seeds": ranges(seeds)}


def ranges(numbers: Iterable[int]) -> str:
    """Write whole numbers as ranges.

    >>> ranges([0, 1, 2, 7, 5, 6])
    '0-2, 5-7'
    """
    parts: list[list[int]] = []
    for number in sorted(set(map(int, numbers))):
        if parts and number == parts[-1][-1] + 1:
            parts[-1] = [parts[-1][0], number]
        else:
            parts.append([number])
    return ", ".join("-".join(map(str, part)) for part in parts)


def read_provenance(file: str | Path) -> Provenance:
    """Return the provenance that a Parquet table or an SVG figure carries.

    Raises LawbookError for another kind of file, and for one that is damaged or carries none.
    """
    file = Path(file)
    readers = {".parquet": _of_table, ".svg": _of_figure}
    if file.suffix not in readers:
        raise LawbookError(f"{file}: provenance stands in .parquet and .svg files; name one of those")
    try:
        text = readers[file.suffix](file)
        return Provenance(**json.loads(text))
    except (OSError, pa.ArrowException, ElementTree.ParseError, ValueError, TypeError):
        problem = "carries no provenance that can be read"
        raise LawbookError(f"{file}: it {problem}; run its study again") from None


@cache
def versions() -> dict[str, str]:
    """Return the versions of what fits, draws and writes."""
    return {
        "python": sys.version.split()[0],
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }


def _of_table(file: Path) -> str:
    about: dict[bytes, bytes] = pq.read_schema(file).metadata or {}
    return about.get(KEY, b"").decode()


def _of_figure(file: Path) -> str:
    return ElementTree.parse(file).getroot().findtext(_SVG_SOURCE) or ""


def _each(column: pd.Series) -> list[str]:
    return sorted({str(value) for value in column.dropna()} - {""})
