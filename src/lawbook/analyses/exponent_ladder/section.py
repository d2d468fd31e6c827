"""What the report says of a ladder: the exponent of each rung, and how far it lies from the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lawbook.analyses.exponent_ladder.block import ExponentLadderBlock
from lawbook.laws.note import notes_from_json
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import conditions, label, measured, number, plain, span
from lawbook.storage.status import FitStatus

COLUMNS = (
    "rung",
    "runs with",
    "N* ~ C^",
    "less the one before",
    "over C (FLOPs)",
    "budgets",
    "on an edge",
    "runs",
)


@dataclass(frozen=True)
class LadderTable:
    """One ladder: a sentence, the columns and rows of its table as texts, and notes below it."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def ladder_section(name: str, asked: ExponentLadderBlock, found: Results) -> LadderTable:
    """Return what the report shows of one ladder."""
    rungs = found.table("rungs").to_dict("records")
    shared = f" Runs with {conditions(asked.where)}." if asked.where else ""
    noise = f", under seed noise of {number(asked.noise)}" if asked.noise else ""
    about = (
        f"The {label(asked.n)} with the least {plain(asked.y)} for each budget, read by {asked.method}{noise}, on one "
        f"kind of runs after another; exponents with 95 % intervals.{shared}"
    )
    before = [None, *(a for a, _ in pairwise(rungs))]
    rows = tuple(_row(row, last, asked) for row, last in zip(rungs, before, strict=True))
    notes = tuple(
        f"{plain(row['rung'])}: {note.message}." for row in rungs for note in notes_from_json(row["notes"])
    )
    return LadderTable(name, about, COLUMNS, rows, notes)


def _row(
    row: Mapping[Any, Any], before: Mapping[Any, Any] | None, asked: ExponentLadderBlock
) -> tuple[str, ...]:
    less = "–" if before is None else number(row["exponent"] - before["exponent"])
    stands = row["status"] == FitStatus.OK
    return (
        plain(row["rung"]),
        conditions(asked.rungs[row["rung"]]),
        measured(row["exponent"], row["low"], row["high"]) if stands else "refused",
        less,
        span(row["compute_low"], row["compute_high"]),
        number(row["n_budgets"]),
        number(row["n_edges"]),
        number(row["n_runs"]),
    )


def _values(blocks: Mapping[str, ExponentLadderBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("exponent_ladder", name) for name in blocks}
    return {"ladders": [ladder_section(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The exponent, one change after another", _values, first=True)
