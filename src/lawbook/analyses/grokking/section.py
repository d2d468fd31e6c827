"""What the report says of phases of learning: how many runs of each case are in each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.grokking.block import PHASES, GrokkingBlock
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import number, plain


@dataclass(frozen=True)
class PhaseTable:
    """One analysis: a sentence and the table of its cases, as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def phase_table(name: str, asked: GrokkingBlock, found: Results) -> PhaseTable:
    """Return what the report shows of one analysis."""
    about = (
        f"Runs in each phase. Confusion: {plain(asked.train)} is never reached; memorisation: {plain(asked.train)} is, "
        f"{plain(asked.test)} never; grokking: both are, {number(100 * asked.late)} % of the steps or more apart; "
        "comprehension: both are, sooner. The lag is the median of the runs that reach both, in steps."
    )
    rows = tuple(
        (
            case_name(row["case"]),
            *(number(row[phase]) for phase in PHASES),
            "–" if pd.isna(row["lag"]) else number(row["lag"]),
        )
        for row in found.table("cases").to_dict("records")
    )
    return PhaseTable(name, about, ("case", *PHASES, "lag"), rows)


def _values(blocks: Mapping[str, GrokkingBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("grokking", name) for name in blocks}
    return {"phases": [phase_table(name, block, found[name]) for name, block in blocks.items()]}


section = Section("Phases of learning", _values)
