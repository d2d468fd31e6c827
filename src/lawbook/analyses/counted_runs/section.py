"""What the report says of an exponent by what is counted: one row for each pair of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.counted_runs.block import CountedRunsBlock
from lawbook.analyses.counted_runs.words import COUNTED, compute_name
from lawbook.laws.note import notes_from_json
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, measured, number, plain, span
from lawbook.storage.status import FitStatus

COLUMNS = (
    "size", "compute", "N* ~ C^", "less that of all parameters", "from N* to N*", "over C (FLOPs)", "budgets",
    "on an edge",
)  # fmt: skip


@dataclass(frozen=True)
class CountedTable:
    """One analysis: a sentence, the columns and rows of its table as texts, and notes below it."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def counted_table(name: str, asked: CountedRunsBlock, found: Results) -> CountedTable:
    """Return what the report shows of one analysis."""
    table = found.table("exponents")
    about = (
        f"The best of {count(int(table['n_sizes'].iloc[0]), 'size')} for each budget, by {plain(asked.y)} of the same "
        f"{count(int(table['n_runs'].iloc[0]), 'run')}, where sizes and compute are counted by each pair of rules; "
        "exponents with 95 % intervals over seeds. Hidden matrices are those of attention and perceptrons: neither "
        "embeddings nor the output layer. Exact compute is what was carried out, attention and output layer included; "
        "D are tokens. The budgets of a rule go from what the best run of the first budget costs by it to that of the "
        "last, as far as all larger sizes were followed."
    )
    rows = tuple(_row(row) for row in table.to_dict("records"))
    return CountedTable(name, about, COLUMNS, rows, tuple(_notes(table)))


def _row(row: Mapping[Any, Any]) -> tuple[str, ...]:
    stands = row["status"] == FitStatus.OK
    return (
        COUNTED[row["size_rule"]],
        compute_name(row["compute_rule"]),
        measured(row["exponent"], row["low"], row["high"]) if stands else "refused",
        measured(row["rise"], row["rise_low"], row["rise_high"]) if stands and row["rise"] else "–",
        span(row["size_low"], row["size_high"]),
        span(row["compute_low"], row["compute_high"]),
        number(row["n_budgets"]),
        number(row["n_edges"]),
    )


def _notes(table: pd.DataFrame) -> list[str]:
    """Return the notes, each once, with the pairs of rules that it is about."""
    about: dict[str, list[str]] = {}
    for row in table.to_dict("records"):
        for note in notes_from_json(row["notes"]):
            about.setdefault(note.message, []).append(
                f"{COUNTED[row['size_rule']]} / {compute_name(row['compute_rule'])}"
            )
    return [
        f"{'; '.join(pairs) if len(pairs) < len(table) else 'All pairs'}: {message}."
        for message, pairs in about.items()
    ]


def _values(blocks: Mapping[str, CountedRunsBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("counted_runs", name) for name in blocks}
    return {"analyses": [counted_table(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The exponent of these runs by what is counted", _values, first=True)
