"""What the report says of the statistics of texts: β, γ, what they predict, and what training measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.analyses.text_statistics.block import TextStatisticsBlock
from lawbook.analyses.text_statistics.words import SYMBOLS
from lawbook.laws.note import notes_from_json, reason_of
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import count, measured, number, span
from lawbook.storage.status import FitStatus


@dataclass(frozen=True)
class StatisticsTable:
    """The texts of one analysis: a sentence, the table of exponents as texts, and why a prediction is refused."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def statistics_table(name: str, asked: TextStatisticsBlock, found: Results) -> StatisticsTable:
    """Return what the report shows of one analysis."""
    exponents = found.table("exponents")
    first = exponents.iloc[0]
    norm = "the trace" if asked.norm == "trace" else "the largest singular value"
    about = (
        f"β is the decay of {norm} of the covariance of tokens n apart; γ that of the conditional entropy with n "
        "tokens of context, read off its differences. γ/2β is what they predict for the loss in training tokens. "
        f"Intervals are 95 %, jackknife over {count(int(first['n_parts']), 'piece')} of a text of "
        f"{number(first['n_tokens'])} tokens. Local exponents stand from one end of the range to the other; where they "
        "vary by a factor of 2 or more there is no power law, and no prediction."
    )
    known = bool(exponents["exact"].notna().any())
    columns = ("text", "exponent", "found", *(("exact",) if known else ()), "over", "local exponents")
    rows = tuple(_row(row, known) for row in exponents.to_dict("records"))
    notes = tuple(dict.fromkeys(
        f"{_text(row['case'])}: {reason_of(notes_from_json(row['notes']))}."
        for row in exponents.to_dict("records")
        if row["quantity"] == "predicted" and row["status"] == FitStatus.REFUSED
    ))  # fmt: skip
    return StatisticsTable(name, about, columns, rows, notes)


def _text(case: str) -> str:
    return case_name(case) or "the text"


def _row(row: Mapping[Any, Any], known: bool) -> tuple[str, ...]:
    there = row["estimate"] == row["estimate"]
    return (
        _text(row["case"]),
        SYMBOLS[row["quantity"]],
        measured(row["estimate"], row["low"], row["high"]) if there else "refused",
        *((number(row["exact"]),) if known else ()),
        span(row["first"], row["last"]),
        ", ".join(number(float(one)) for one in row["local"].split())
        if isinstance(row["local"], str)
        else "–",
    )


def _values(blocks: Mapping[str, TextStatisticsBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("text_statistics", name) for name in blocks}
    return {"texts": [statistics_table(name, block, found[name]) for name, block in blocks.items()]}


section = Section("What a text says before training", _values, first=True)
