"""What the report says of critical points: how many were found, and how their index goes with loss and error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.critical_points.block import CriticalPointsBlock
from lawbook.laws.repeats import mean_interval
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import measured, number

COLUMNS = ("index", "points", "loss", "error")
BINS = 6


@dataclass(frozen=True)
class PointsTable:
    """One analysis: a sentence, and losses and errors by index, as texts."""

    name: str
    about: str
    rows: tuple[tuple[str, ...], ...]


def points_table(name: str, asked: CriticalPointsBlock, found: Results) -> PointsTable:
    """Return what the report shows of one analysis."""
    points, seeds = found.table("points"), found.table("seeds")
    about = (
        f"{number(len(points))} starts from weights along training, with noise added, descend the norm of the "
        f"gradient; {number(int(seeds['found'].sum()))} end where it is at most {number(asked.tolerance)}. The others "
        "end where it is least and not 0, and are left out."
    )
    for of in ("loss", "error"):
        ranks = seeds[f"rank_{of}"]
        if ranks.notna().all():
            about += f" Spearman's correlation of index and {of}, a mean over seeds: {measured(*mean_interval(ranks))}."
    return PointsTable(name, about, tuple(_rows(points[points["found"]])))


def _rows(points: pd.DataFrame) -> list[tuple[str, ...]]:
    """Return a row for the minima and each of some ranges of the index, all about as full."""
    saddles = points[points["negative"] > 0]
    parts = [points[points["negative"] == 0]]
    if len(saddles):
        places = pd.qcut(saddles["index"], BINS, duplicates="drop")
        parts += [part for _, part in saddles.groupby(places, observed=True)]
    return [
        (
            " to ".join(dict.fromkeys(number(part["index"].agg(end)) for end in ("min", "max"))),
            number(len(part)),
            number(part["loss"].mean()),
            "–" if part["error"].isna().all() else number(part["error"].mean()),
        )
        for part in parts
        if len(part)
    ]


def _values(blocks: Mapping[str, CriticalPointsBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("critical_points", name) for name in blocks}
    return {
        "columns": COLUMNS,
        "parts": [points_table(name, block, found[name]) for name, block in blocks.items()],
    }


section = Section("Critical points", _values)
