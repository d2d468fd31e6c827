"""The verdicts on a study's frontiers, as page one tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses.pruning_frontier.block import FrontierBlock
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import label, number, plain

WORDS = {"bnsl_1": "broken power law"}


@dataclass(frozen=True)
class VerdictRow:
    """One frontier: its verdict with the reason, (what, how much) of what it rests on, and how other forms fit.

    forms: (form, ΔAICc of the frontier, of its control) as texts.
    """

    name: str
    verdict: str
    reason: str
    cells: tuple[tuple[str, str], ...]
    forms: tuple[tuple[str, str, str], ...]


def verdict_row(name: str, asked: FrontierBlock, found: Results) -> VerdictRow:
    """Return the row of a frontier: verdict, window, and the ratio to the control at the window's end."""
    verdict, points = found.table("verdict").iloc[0], found.table("points")
    window = f"{number(verdict['x_low'])} to {number(verdict['x_high'])} {label(asked.kept)}"
    decades = np.log10(verdict["x_high"] / verdict["x_low"])
    cells = (
        ("window", f"{window}, {number(decades, 2)} decades, {number(verdict['n_points'])} points"),
        ("ends at", _end(points, verdict)),
        ("error over control there", _ratio(points, float(verdict["x_high"]))),
        ("ΔAICc, power − exponential", _pair(verdict["delta_aicc"], verdict["delta_aicc_control"])),
        ("an exponential fits better in", _share(verdict["exponential_share"])),
        ("|log error| on the last point, power law", number(verdict["heldout_error_power"], 2)),
        ("the same, exponential", number(verdict["heldout_error_exponential"], 2)),
        ("luck of the mere minimum", f"up to {verdict['winners_curse']:.0%} lower"),
        ("repeats", number(points["n_repeats"].iloc[0])),
    )
    forms = _forms(found.table("forms"))
    return VerdictRow(plain(name), str(verdict["verdict"]), str(verdict["reason"]), cells, forms)


def _end(points: pd.DataFrame, verdict: pd.Series) -> str:
    last = points[(points["part"] == "pruned") & (points["kept"] == verdict["x_high"])]
    if last.empty:
        return "no point with an error above 0"
    edge = str(last["censored"].iloc[0] or "")
    if edge:
        return f"an edge of the sweep: {edge}"
    whole = verdict["x_high"] == points["kept"].max()
    return "the largest number swept" if whole else "the last point with an error above 0"


def _ratio(points: pd.DataFrame, kept: float) -> str:
    at = points[points["kept"] == kept].set_index("part")["estimate"]
    if at.empty:
        return "–"
    return (
        f"{number(at['pruned'], 2)} / {number(at['control'], 2)} = {number(at['pruned'] / at['control'], 2)}"
    )


def _forms(table: pd.DataFrame) -> tuple[tuple[str, str, str], ...]:
    """Return how each form fits frontier and control, as texts: AICc less that of a power law."""
    gaps = table.pivot_table(index="form", columns="part", values="delta_aicc", dropna=False, sort=False)
    return tuple(
        (WORDS.get(str(form), plain(str(form))), _gap(row["pruned"]), _gap(row["control"]))
        for form, row in gaps.iterrows()
    )


def _gap(value: float) -> str:
    return "too few points" if pd.isna(value) else f"{value:+.1f}".replace("-", "−")


def _share(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.0%} of draws of pools"


def _pair(frontier: float, control: float) -> str:
    return "–" if pd.isna(frontier) else f"{frontier:+.1f} (control {control:+.1f})"


def _values(blocks: Mapping[str, FrontierBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("pruning_frontier", name) for name in blocks}
    return {"frontiers": [verdict_row(name, block, found[name]) for name, block in blocks.items()]}


section = Section("Beyond a power law?", _values, first=True)
