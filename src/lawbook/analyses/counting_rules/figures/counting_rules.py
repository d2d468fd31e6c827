"""`counting_rules`: the local exponent along compute by each rule of counting, and the exponents over the budgets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.counting_rules.block import CountingRulesBlock
from lawbook.analyses.counting_rules.words import COUNTED, LOWER, UPPER, surface_name
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, GREY, MARKERS, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import measured, number
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile
from lawbook.theory.counting_rules import NON_EMBEDDING, RULES, TOTAL

_LINES = {NON_EMBEDDING: "-", TOTAL: (0, (4, 2))}
_PARTS = {LOWER: "<", UPPER: ">"}
_OPEN: dict[str, Any] = {"mfc": "white", "mec": BLACK, "ls": "none", "ms": 4.5}


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the local exponent of N*(C) along C, one line per surface and rule, and each exponent beside it."""
    asked, found = analysis_shown(block, "counting_rules", results, content)
    exponents, windows, slopes = (_alike(found.table(name)) for name in ("exponents", "windows", "slopes"))
    exponents = exponents[exponents["status"] == FitStatus.OK]
    if exponents.empty:
        raise LawbookError(f"figure {block.kind}: no fitted surface is a law; see the table exponents")
    published = _published(content)
    figure = new_figure(DOUBLE, 3.4)
    along, beside = figure.subplots(1, 2, width_ratios=[1.25, 1])
    _draw_slopes(along, slopes, exponents, asked)
    _draw_exponents(beside, exponents, windows, published)
    handles, labels = map(list.__add__, along.get_legend_handles_labels(), beside.get_legend_handles_labels())
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    data = as_data(
        [({"part": "slope"}, slopes), ({"part": "exponent"}, exponents), ({"part": "window"}, windows)]
    )
    return Drawn(figure, data, "The exponent by what is counted", _caption(exponents, asked))


def _alike(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in which sizes and compute are counted by one rule."""
    return table[table["size_rule"].isna() | (table["size_rule"] == table["compute_rule"])]


def _published(content: StudyFile) -> list[tuple[str, str, float, str]]:
    """Return surface, rule, number and source of each published exponent that a claim of the study names."""
    return [
        (
            str(claim.options.get("surface", "")),
            str(claim.options.get("count", NON_EMBEDDING)),
            claim.expected,
            claim.source.split(",")[0],
        )
        for claim in content.claims
        if claim.quantity == "size_exponent" and claim.origin == "published" and claim.expected is not None
    ]


def _draw_slopes(
    axes: Axes, slopes: pd.DataFrame, exponents: pd.DataFrame, asked: CountingRulesBlock
) -> None:
    axes.axvspan(asked.budgets[0], asked.budgets[-1], color=GREY, alpha=0.12, lw=0, label="budgets")
    for colour, (surface, rows) in zip(PALETTE, slopes.groupby("surface", sort=False), strict=False):
        for rule in RULES:
            line = rows[rows["size_rule"] == rule]
            name = f"{surface_name(str(surface))}, {COUNTED[rule]}"
            axes.fill_between(line["compute"], line["low"], line["high"], color=colour, alpha=0.2, lw=0)
            axes.plot(line["compute"], line["exponent"], color=colour, ls=_LINES[rule], label=name)
        row = exponents[(exponents["surface"] == surface) & (exponents["size_rule"] == NON_EMBEDDING)]
        axes.hlines(row["exact"], row["compute_low"], row["compute_high"], color=colour, lw=0.8)
    log_axis(axes, "x", slopes["compute"])
    axes.set(xlabel="compute C (FLOPs), counted by the rule", ylabel="local exponent of N* in C")


def _draw_exponents(
    axes: Axes,
    exponents: pd.DataFrame,
    windows: pd.DataFrame,
    published: list[tuple[str, str, float, str]],
) -> None:
    """Draw the exponents over the budgets with their intervals, those over half of them, and published ones."""
    sources = list(dict.fromkeys(source for *_, source in published))
    looks = {source: {"marker": MARKERS[1 + i % 6], **_OPEN} for i, source in enumerate(sources)}
    colours = dict(zip(exponents["surface"].unique(), PALETTE, strict=False))
    rows = exponents.sort_values("size_rule", kind="stable").to_dict("records")
    for y, row in enumerate(rows):
        ends = [[row["exponent"] - row["low"]], [row["high"] - row["exponent"]]]
        axes.errorbar(
            [row["exponent"]], [y], xerr=np.maximum(ends, 0), color=colours[row["surface"]], marker="o", ms=3,
            capsize=3, zorder=3,
        )  # fmt: skip
        of_row = (windows["surface"] == row["surface"]) & (windows["size_rule"] == row["size_rule"])
        parts = windows[of_row].set_index("window")["exponent"]
        for window, marker in _PARTS.items():
            if window in parts:
                label = f"{window} of the budgets" if y == 0 else None
                axes.plot(parts[window], y, marker=marker, color=GREY, ls="none", ms=4, label=label)
        for surface, rule, value, source in published:
            if surface in (surface_name(row["surface"]), "") and rule == row["size_rule"]:
                axes.plot(value, y + 0.3, **looks[source])
    for source, look in looks.items():
        axes.plot([], [], label=source, **look)
    names = [f"{surface_name(row['surface'])},\n{COUNTED[row['size_rule']]}" for row in rows]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("exponent of N* in C over the budgets")


def _caption(exponents: pd.DataFrame, asked: CountingRulesBlock) -> str:
    told = [
        f"{surface_name(row['surface'])} {COUNTED[row['size_rule']]} "
        f"{measured(row['exponent'], row['low'], row['high'])}"
        for row in exponents.to_dict("records")
    ]
    return (
        "Left: the local exponent of the best size in compute, both counted without embeddings (solid) and with them "
        "(dashed), in closed form; shaded the budgets, with the exponent fitted over them. Right: that "
        f"exponent, read from the best of {asked.sampled} sizes at {len(asked.budgets)} budgets between "
        f"{number(asked.budgets[0])} and {number(asked.budgets[-1])} FLOPs, with its 95 % interval; over the lower and "
        f"the upper half of the budgets (triangles); and as published (open). {'; '.join(told)}."
    )


figure = Kind(draw, "counting_rules", {})
