"""What the report says of a held-out budget: predictions beside the measured loss, and the loss at each budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.held_out_budget.block import HeldOutBudgetBlock
from lawbook.analyses.held_out_budget.words import METHOD_NAMES, rows_by
from lawbook.laws.note import notes_from_json
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, label, measured, number, plain, span
from lawbook.storage.status import FitStatus

COLUMNS = ("predicted by", "L* predicted", "L* measured", "error (%)", "interval's width (%)")
BUDGET_COLUMNS = ("C (FLOPs)", "N*", "sizes", "L*", "step of log L*")


@dataclass(frozen=True)
class HeldOutTables:
    """One analysis: a sentence and a table of predictions, another and a table of budgets, and notes below them."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    of_budgets: str
    budget_columns: tuple[str, ...]
    budgets: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def held_out_tables(name: str, asked: HeldOutBudgetBlock, found: Results) -> HeldOutTables:
    """Return what the report shows of one analysis."""
    predictions, budgets, surfaces = (found.table(part) for part in ("predictions", "budgets", "surfaces"))
    fits = rows_by(surfaces, "part")
    whole, below = fits["all"], fits["below"]
    about = (
        f"L*, the least {plain(asked.y)} at {number(asked.budgets[-1])} FLOPs, predicted from the "
        f"{count(len(asked.budgets) - 1, 'smaller budget')} alone, beside what was measured there; 95 % intervals over "
        f"seeds. The surface {plain(asked.law)} was fitted to {below['n_points']} evaluations "
        f"of {count(int(below['n_runs']), 'run')} between the smallest budget and the last but one; fitted to all "
        f"{whole['n_points']} it is off by {_percent(whole['mean_error'], whole['low'], whole['high'])} % in the mean."
    )
    text = bool(budgets["bits_per_byte"].notna().any())
    of_budgets = (
        f"The best {label(asked.n)} and the least {plain(asked.y)} at each budget"
        f"{', in nats per token and in bits per byte of the text' if text else ''}, and its step from the "
        "budget before."
    )
    columns = (*BUDGET_COLUMNS[:4], *(("bits per byte",) if text else ()), BUDGET_COLUMNS[4])
    return HeldOutTables(
        name, about, COLUMNS, tuple(_prediction(row) for row in predictions.to_dict("records")), of_budgets, columns,
        tuple(_budget(row, text) for row in budgets.to_dict("records")), tuple(_notes(surfaces)),
    )  # fmt: skip


def _percent(value: float, low: float, high: float) -> str:
    return measured(100 * value, 100 * low, 100 * high)


def _prediction(row: Mapping[Any, Any]) -> tuple[str, ...]:
    name = METHOD_NAMES[row["method"]]
    if row["status"] != FitStatus.OK:
        return (name, f"refused: {row['reason']}", *["–"] * (len(COLUMNS) - 2))
    return (
        name,
        measured(row["predicted"], row["low"], row["high"]),
        measured(row["measured"], row["measured_low"], row["measured_high"]),
        _percent(row["error"], row["error_low"], row["error_high"]),
        number(100 * (row["high"] / row["low"] - 1)),
    )


def _budget(row: Mapping[Any, Any], text: bool) -> tuple[str, ...]:
    inside = row["edge"] is None or row["edge"] != row["edge"]
    size = measured(row["size"], row["size_low"], row["size_high"]) if inside else f"on the {row['edge']}"
    return (
        number(row["compute"]),
        size,
        span(row["smallest"], row["largest"]),
        measured(row["loss"], row["low"], row["high"]),
        *((number(row["bits_per_byte"], 4),) if text else ()),
        measured(row["fall"], row["fall_low"], row["fall_high"]),
    )


def _notes(surfaces: pd.DataFrame) -> list[str]:
    """Return what there is to know of the fits, each once."""
    told = [
        (row["part"], note.message)
        for row in surfaces.to_dict("records")
        for note in notes_from_json(row["notes"])
    ]
    parts = {"all": "the surface of all budgets", "below": "the surface of the smaller budgets"}
    return [f"{parts[part][0].upper()}{parts[part][1:]}: {message}." for part, message in dict.fromkeys(told)]


def _values(blocks: Mapping[str, HeldOutBudgetBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("held_out_budget", name) for name in blocks}
    return {"analyses": [held_out_tables(name, block, found[name]) for name, block in blocks.items()]}


section = Section("The largest budget, predicted from the smaller ones", _values)
