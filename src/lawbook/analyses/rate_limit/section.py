"""What the report says of limits of small rates: the first order by case and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.rate_limit.block import RateLimitBlock
from lawbook.report.sections import Section
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain


@dataclass(frozen=True)
class LimitTable:
    """One analysis: a sentence and the table of its limits, as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def limit_table(name: str, asked: RateLimitBlock, found: Results) -> LimitTable:
    """Return what the report shows of one analysis."""
    limits = found.table("limits")
    known = bool(limits["first_order"].notna().any())
    about = (
        f"At the same time T = η · steps, {plain(asked.y)} differs from that of the gradient flow by a term linear in "
        "the rate η, and terms of higher order. Where rates halve, differences between them become 2 times smaller."
    )
    if known:
        about += (
            " c₁ is the slope in η from theory; the ratio is (y − y₀)/(η c₁), drawn linearly from the two smallest "
            "rates to η = 0, with a 95 % interval over seeds."
        )
    columns = ("case", "T", *(("y₀ of the flow", "c₁", "ratio", "exactly") if known else ()), "halving")
    return LimitTable(name, about, columns, tuple(_row(row, known) for row in limits.to_dict("records")))


def _row(row: Mapping[Any, Any], known: bool) -> tuple[str, ...]:
    theory = (
        number(row["flow"]), number(row["first_order"]),
        measured(row["richardson"], row["richardson_low"], row["richardson_high"]),
        "–" if pd.isna(row["exact_richardson"]) else number(row["exact_richardson"], 4),
    )  # fmt: skip
    halving = (
        "–" if pd.isna(row["halving"]) else measured(row["halving"], row["halving_low"], row["halving_high"])
    )
    return (case_name(row["case"]) or "all runs", number(row["time"]), *(theory if known else ()), halving)


def _values(blocks: Mapping[str, RateLimitBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("rate_limit", name) for name in blocks}
    return {"limits": [limit_table(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The limit of small learning rates", _values, first=True)
