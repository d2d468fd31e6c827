"""What the report says of a collapse: exponents by case, what parts the curves, and the floors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses.collapse.block import CollapseBlock
from lawbook.laws.note import Severity, notes_from_json
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, label, measured, number, plain, span
from lawbook.storage.status import FitStatus

_TOLD = 5
"""Exponents at which the spread is told."""


@dataclass(frozen=True)
class CollapseTables:
    """One collapse: a sentence, the columns and rows of its tables as texts, and notes below them."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    spread_columns: tuple[str, ...]
    spread_rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def collapse_tables(name: str, asked: CollapseBlock, found: Results) -> CollapseTables:
    """Return what the report shows of one collapse."""
    exponents, spreads = found.table("exponents"), found.table("spreads")
    known = bool(exponents["exact"].notna().any())
    columns = [
        "case",
        "γ",
        *(["exact γ"] if known else []),
        "least spread",
        "L₀",
        "Δ < σ over",
        "sizes",
        "seeds",
    ]
    told = np.linspace(spreads["exponent"].min(), spreads["exponent"].max(), _TOLD if len(spreads) else 0)
    return CollapseTables(
        name,
        _about(asked),
        tuple(columns),
        tuple(_row(row, known) for row in exponents.to_dict("records")),
        ("spread at γ =", *(number(gamma) for gamma in told)),
        tuple(_spread_rows(spreads, told)),
        tuple(_notes(exponents)),
    )


def _about(asked: CollapseBlock) -> str:
    shares = enumerate_words(number(share) for share in asked.share)
    return (
        f"ℓ(x) = (L(x t*) − L₀)/(L(t*) − L₀) of the {plain(asked.y)} L, for each {label(asked.size)}, trained for t* "
        f"(in {plain(asked.time)}) ∝ N^γ. γ is where the sizes lie closest at x = {shares}: the spread is the standard "
        "deviation over sizes of ℓ over its mean. Δ is that over sizes and seeds, σ that over the seeds of one size "
        "of L − L₀; where Δ < σ, which is supercollapse, curves of other sizes lie closer than those of other seeds. "
        "Intervals are 95 % of a bootstrap over seeds."
    )


def _row(row: Mapping[Any, Any], known: bool) -> tuple[str, ...]:
    refused = row["status"] != FitStatus.OK
    share = row["supercollapse"]
    spread = number(row["spread"])
    if pd.notna(row["spread_exact"]):
        spread += f" (exact {number(row['spread_exact'])})"
    return (
        case_name(str(row["case"])) or "all runs",
        "refused" if refused else measured(row["exponent"], row["low"], row["high"]),
        *([number(row["exact"])] if known else []),
        spread,
        measured(row["floor"], row["floor_low"], row["floor_high"]),
        "–" if pd.isna(share) else f"{share:.0%} of training",
        f"{row['n_sizes']}: {span(row['size_low'], row['size_high'])}",
        number(row["n_seeds"]),
    )


def _spread_rows(spreads: pd.DataFrame, told: np.ndarray[Any, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the spread of each case at some exponents, and below it that of the exact curves."""
    for case, rows in spreads.groupby("case", sort=False):
        for column, words in (("spread", ""), ("exact", "exact")):
            if rows[column].notna().any():
                at = np.interp(told, rows["exponent"], rows[column], left=np.nan, right=np.nan)
                yield (
                    ": ".join(filter(None, (case_name(str(case)), words))) or "measured",
                    *(f"{value:.4f}" if np.isfinite(value) else "–" for value in at),
                )


def _notes(exponents: pd.DataFrame) -> Iterator[str]:
    """Yield why a case is refused, and what else there is to know of it."""
    for row in exponents.to_dict("records"):
        for note in notes_from_json(str(row["notes"])):
            verb = " is refused" if note.severity == Severity.REFUSAL else ""
            yield f"{case_name(str(row['case'])) or 'The collapse'}{verb}: {note.message}."


def _values(blocks: Mapping[str, CollapseBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("collapse", name) for name in blocks}
    return {"collapses": [collapse_tables(name, block, found[name]) for name, block in blocks.items()]}


section = Section("Scaling collapse", _values, first=True)
