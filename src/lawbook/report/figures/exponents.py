"""`exponents`: a law's exponent in each of its groups, beside those of exact curves and at infinity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_estimate, exponent_at_infinity
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, GREY, PALETTE, SINGLE, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import parse_group
from lawbook.results.words import enumerate_words, label, number, plain, symbol
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.law_block import LawBlock
from lawbook.studies.schema import StudyFile

_DASHES: tuple[Any, ...] = (":", (0, (1, 3)), (0, (5, 2, 1, 2)))


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the headline form's exponent against the axis that groups the law, with its 95 % interval."""
    name = block.of or next(iter(content.laws))
    law = content.laws[name]
    if len(law.by) != 1:
        raise LawbookError(f"figure {block.kind}: the law {name!r} is not grouped by one axis; give it 'by'")
    form = law.compare[0]
    parameter = law.form(form).exponent
    fits = results.fits
    mine = fits[(fits["law"] == name) & (fits["form"] == form) & (fits["parameter"] == parameter)]
    at = np.array([float(parse_group(group)[law.by[0]]) for group in mine["group"]])
    table = mine[["group", "estimate", "low", "high", "status"]].assign(at=at).sort_values("at")

    figure = new_figure(SINGLE + 1.6, 3.0)
    axes = figure.subplots()
    for curve, dash in zip(law.exact, _DASHES, strict=False):
        table[curve] = _exact(law, results, table, form, parameter, curve, {})
        axes.plot(
            table["at"], table[curve], color=BLACK, ls=dash, lw=1.4, label=f"{plain(curve)}, same points"
        )
    for axis, value in dict(block.options.get("also", {})).items():
        for curve, dash in zip(law.exact, _DASHES, strict=False):
            column = f"{curve} at {axis} {value}"
            table[column] = _exact(law, results, table, form, parameter, curve, {axis: value})
            axes.plot(
                table["at"], table[column], color=GREY, ls=dash, lw=1.4,
                label=f"{plain(curve)}, {plain(axis)} {number(value)}",
            )  # fmt: skip
    table["at infinity"] = [
        exponent_at_infinity(law, results.points_of(law), str(group)) for group in table["group"]
    ]
    axes.plot(table["at"], table["at infinity"], color=GREY, lw=0.9, label="at infinity")
    seen = table[table["status"] != FitStatus.REFUSED]
    ends = seen[["estimate", "low", "high"]].to_numpy(dtype=float)
    spread = np.nan_to_num(np.stack([ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]]))
    axes.errorbar(seen["at"], ends[:, 0], yerr=np.maximum(spread, 0), color=PALETTE[0], marker="o", ls="none",
                  capsize=2, label="measured, 95 %")  # fmt: skip
    axes.set(xlabel=label(law.by[0], content), ylabel=f"{symbol(parameter)} of {plain(name)}")
    figure.legend(loc="outside right upper")
    refused = [
        text
        for text, status in zip(table["group"], table["status"], strict=True)
        if status == FitStatus.REFUSED
    ]
    caption = (
        f"The exponent {symbol(parameter)} of the {plain(form)} law fitted to {plain(law.y)} against "
        f"{plain(law.inputs[0])}, and that of the exact curves fitted at the same points; what lies between these and "
        "the line at infinity is the window and the finite number of tasks, not the network."
    )
    if refused:
        caption += f" Refused, and not shown: {enumerate_words(refused)}."
    return Drawn(
        figure, as_data([({"law": name, "by": law.by[0]}, table)]), f"Exponents of {plain(name)}", caption
    )


def _exact(
    law: LawBlock,
    results: Results,
    table: pd.DataFrame,
    form: str,
    parameter: str,
    curve: str,
    changed: dict[str, Any],
) -> list[float]:
    rows = results.points_of(law).assign(**changed)
    return [exact_estimate(law, rows, str(group), form, parameter, curve) for group in table["group"]]


figure = Kind(
    draw,
    "law",
    {"also": "Exact curves at other values of an axis besides, {axis: value}, such as {n_tasks: 2000}."},
)
