"""What the report says of a compute-optimal frontier: exponents by method, with intervals, ranges and biases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.compute_frontier.block import ComputeFrontierBlock
from lawbook.analyses.compute_frontier.words import QUANTITIES, method_name
from lawbook.laws.note import Severity, notes_from_json
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, label, measured, number, plain, span
from lawbook.storage.status import FitStatus

COLUMNS = (
    "method", "N* ~ C^", "D* ~ C^", "L* ~ C^", "over C (FLOPs)", "budgets", "on an edge",
)  # fmt: skip
EXACT_COLUMNS = ("exact N* ~ C^", "bias of the method", "N* over exact")


@dataclass(frozen=True)
class FrontierTable:
    """One frontier: a sentence, the columns and rows of its table as texts, and notes below it."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def frontier_table(name: str, asked: ComputeFrontierBlock, found: Results) -> FrontierTable:
    """Return what the report shows of one frontier."""
    exponents = found.table("exponents")
    known = bool(exponents[["exact", "on_exact_losses"]].notna().any(axis=None))
    parts = {
        str(method): rows.set_index("quantity") for method, rows in exponents.groupby("method", sort=False)
    }
    return FrontierTable(
        name,
        _about(asked, exponents, known),
        (*COLUMNS, *(EXACT_COLUMNS if known else ())),
        tuple(_row(method, rows, known) for method, rows in parts.items()),
        tuple(note for method, rows in parts.items() for note in _notes(method, rows)),
    )


def _about(asked: ComputeFrontierBlock, exponents: pd.DataFrame, known: bool) -> str:
    points = "at every evaluation of" if asked.at == "every" else "at the end of"
    text = (
        f"The {label(asked.n)} and {plain(asked.d)} D with the least {plain(asked.y)} for each budget C, {points} "
        f"{count(int(exponents['n_runs'].iloc[0]), 'run')}; exponents with 95 % intervals."
    )
    if known:
        text += (
            " The exact frontier is fitted at the same budgets by the same weights; the bias of a method is what it "
            "finds where each run has its exact loss, less that."
        )
    return text


def _row(method: str, rows: pd.DataFrame, known: bool) -> tuple[str, ...]:
    size = rows.loc["size"]
    cells = [method_name(method)]
    if size["status"] != FitStatus.OK:
        cells += ["refused"] * len(QUANTITIES)
    else:
        cells += [measured(*rows.loc[quantity, ["exponent", "low", "high"]]) for quantity in QUANTITIES]
    cells += [
        span(size["compute_low"], size["compute_high"]),
        number(size["n_budgets"]),
        number(size["n_edges"]),
    ]
    if known:
        bias = size["on_exact_losses"] - size["exact"]
        cells += [number(size["exact"], 4), "–" if pd.isna(bias) else f"{bias:+.4f}".replace("-", "−")]
        cells += [number(size["factor"], 4)]
    return tuple(cells)


def _notes(method: str, rows: pd.DataFrame) -> Iterator[str]:
    """Yield why a method is refused, and what else there is to know of it."""
    for note in notes_from_json(str(rows.loc["size", "notes"])):
        verb = " is refused" if note.severity == Severity.REFUSAL else ""
        yield f"{method_name(method)}{verb}: {note.message}."


def _values(blocks: Mapping[str, ComputeFrontierBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("compute_frontier", name) for name in blocks}
    return {"frontiers": [frontier_table(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The best size for a budget", _values, first=True)
