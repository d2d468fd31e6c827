"""What came of a fault: the right table, at once, after resuming or after one clear error; and what must not be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

OUTCOMES = ("right at once", "right after resuming", "clear error, then right")
MUST_NOT = ("unclear error", "lost run", "wrong table")
SAID = ("Error: ", "Stopped: ")


@dataclass
class Course:
    """How a fault went: whether somebody was killed, what was said by whoever failed, and what is wrong at the end."""

    killed: bool = False
    errors: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """Return the one word for it, the worst that applies."""
        if self.wrong:
            return "wrong table"
        if self.lost:
            return "lost run"
        if any(not is_clear(said) for said in self.errors):
            return "unclear error"
        if self.errors:
            return "clear error, then right"
        return "right after resuming" if self.killed else "right at once"


def is_clear(said: str) -> bool:
    """Tell whether what a failed command said is one message: the same words, once or from several jobs, no trace."""
    told = {line.strip() for line in said.splitlines() if line.strip().startswith(SAID)}
    return len(told) == 1 and "Traceback" not in said


def finished_runs(cache: Path) -> dict[str, set[float]]:
    """Return the seconds that each finished run took, from the files of the cache that are whole."""
    found: dict[str, set[float]] = {}
    for file in cache.glob("*/*.parquet"):
        if file.is_file() and file.stem == hashlib.sha256(file.read_bytes()).hexdigest()[:32]:
            for row in json.loads(pq.read_schema(file).metadata[b"rows"]).values():
                if "run_id" in row:
                    found.setdefault(row["run_id"], set()).add(row["wall_s"])
    return found


def lost_runs(kept: Mapping[str, set[float]], costs: pd.DataFrame) -> list[str]:
    """Return the runs that were finished and yet trained again: their seconds are others than those kept."""
    spent = costs.set_index("run_id")["wall_s"]
    return [run for run in kept if run in spent.index and spent[run] not in kept[run]]


def table_of(courses: Iterable[tuple[str, str, Course]]) -> pd.DataFrame:
    """Return a row per level and kind of fault: how often, and how often with which outcome."""
    rows = [{"level": level, "kind": kind, course.outcome: 1} for level, kind, course in courses]
    columns = [*OUTCOMES, *MUST_NOT]
    counts = pd.DataFrame(rows).reindex(columns=["level", "kind", *columns]).fillna(0)
    counts["times"] = 1
    summed = counts.groupby(["level", "kind"], sort=False)[["times", *columns]].sum().astype(int)
    return summed.reset_index()
