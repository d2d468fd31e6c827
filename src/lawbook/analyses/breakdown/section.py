"""What the report says of breaks: how many cases have which cause, and each case where they are few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.analyses.breakdown.block import BreakdownBlock
from lawbook.analyses.breakdown.compute import FOUND
from lawbook.analyses.breakdown.words import cause_name
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import count, name_of, number, plain

_LISTED = 24
"""Most cases that are listed one by one; more are counted by cause."""


@dataclass(frozen=True)
class CauseTable:
    """One analysis: a sentence, and the table of its causes or cases, as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def cause_table(name: str, asked: BreakdownBlock, found: Results) -> CauseTable:
    """Return what the report shows of one analysis."""
    cases = found.table("cases")
    about = (
        f"Whether {plain(asked.y)} follows one power law in {name_of(asked.x)}, in {count(len(cases), 'case')}, and "
        "if not, why, from the curves of test and training loss alone: whether the test loss rises, still falls at the "
        "end of training, bends up or down, and whether the training loss has a floor, too."
    )
    if len(cases) <= _LISTED:
        rows = tuple(
            (case_name(row["case"]) or "all runs", cause_name(row["found"]), row["reason"], number(row["early"]),
             number(row["late"]))
            for row in cases.to_dict("records")
        )  # fmt: skip
        return CauseTable(
            name, about, ("case", "cause", "why", "slope, smaller half", "slope, larger half"), rows
        )
    counts = cases.groupby(["found", "reason"]).size().rename("n").sort_values(ascending=False).reset_index()
    counted = tuple(
        (cause_name(cause), row["reason"], number(row["n"]))
        for cause in FOUND
        for row in counts[counts["found"] == cause].to_dict("records")
    )
    return CauseTable(name, about, ("cause", "why", "cases"), counted)


def _values(blocks: Mapping[str, BreakdownBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("breakdown", name) for name in blocks}
    return {"breakdowns": [cause_table(name, block, found[name]) for name, block in blocks.items()]}


section = Section("Why the power law breaks", _values)
