"""What the report says of unseen schedules: how each law predicts each, and the laws' parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.analyses.unseen_schedules.block import UnseenSchedulesBlock
from lawbook.analyses.unseen_schedules.compute import LAWS
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, measured, number, plain, symbol

COLUMNS = ("schedule", "law", "R²", "mean |error|", "error at the last step", "over the steps alone")


@dataclass(frozen=True)
class ScheduleTables:
    """One analysis: a sentence, and two tables as texts."""

    name: str
    about: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    parameters: tuple[tuple[str, ...], ...]


def schedule_tables(name: str, asked: UnseenSchedulesBlock, found: Results) -> ScheduleTables:
    """Return what the report shows of one analysis."""
    judged, parameters = found.table("judged"), found.table("parameters")
    lost = int(judged["n_lost"].iloc[0])
    about = (
        f"Laws fitted to {plain(asked.y)} under {enumerate_words(map(plain, asked.fitted))}, by least squares of its "
        "logarithm, and held against the curves under the other schedules, of the same seed: means over "
        f"{count(int(judged['n_seeds'].iloc[0]), 'seed')} with 95 % intervals (t)."
    )
    if lost:
        about += f" {count(lost, 'seed')} with a run that diverged {'is' if lost == 1 else 'are'} left out."
    rows = [
        (
            plain(row["schedule"]) + (" (fitted)" if row["fitted"] else ""), plain(row["law"]),
            measured(row["r2"], row["r2_low"], row["r2_high"]), measured(row["mae"], row["mae_low"], row["mae_high"]),
            measured(row["last"], row["last_low"], row["last_high"]),
            measured(row["ratio"], row["ratio_low"], row["ratio_high"]) if row["law"] != "steps" else "1",
        )
        for row in judged.sort_values("fitted", kind="stable").to_dict("records")
    ]  # fmt: skip
    return ScheduleTables(
        name,
        about,
        COLUMNS,
        tuple(rows),
        tuple(
            (plain(law), ", ".join(_value(row) for row in part.to_dict("records")))
            for law, part in ((law, parameters[parameters["law"] == law]) for law in LAWS)
        ),
    )


def _value(row: Mapping[Any, Any]) -> str:
    return (
        f"{symbol(row['parameter'])} = {number(row['value'])}{' (on its bound)' if row['on_bound'] else ''}"
    )


def _values(blocks: Mapping[str, UnseenSchedulesBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("unseen_schedules", name) for name in blocks}
    return {"predictions": [schedule_tables(name, block, found[name]) for name, block in blocks.items()]}


section = Section("Schedules that were not seen", _values)
