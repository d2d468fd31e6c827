"""`collapse`: the learning curves of several sizes as they are, and normalised on their ladder, case by case."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.collapse.block import CollapseBlock
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, colours, legend_columns, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.selection import in_group
from lawbook.results.words import label, name_of, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_CASES = 3
"""Most cases beside each other: more leave no room for a curve."""

_FIRST = 0.09
"""Share of training before which normalised curves may leave the panel: they are steep there."""

OPTIONS = {"where": "Show only the cases with these values, {axis: value}; the first three at most."}


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the mean curves of the first case before, and of up to three cases after they are normalised."""
    asked, found = analysis_shown(block, "collapse", results, content)
    curves, deviations = found.table("curves"), found.table("deviations")
    wanted = block.options.get("where", {})
    cases = [case for case in curves["case"].unique() if in_group(case, wanted)][:_CASES]
    if not cases:
        raise LawbookError(f"figure {block.kind}: no case has curves; see the table exponents")
    figure = new_figure(DOUBLE, 2.9)
    before, *after = figure.subplots(1, 1 + len(cases))
    sizes = np.sort(curves["size"].unique())
    hues: dict[Any, str] = dict(zip(sizes, colours(sizes), strict=True))
    first = curves[curves["case"] == cases[0]]
    for size, rows in first.groupby("size"):
        before.plot(
            rows["time"], rows["loss"], color=hues[size], label=f"{name_of(asked.size)} {number(size)}"
        )
    log_axis(before, "x", first["time"])
    log_axis(before, "y", first["loss"])
    before.set(xlabel=label(asked.time), ylabel=label(asked.y, content, asked.sweep))
    before.set_title(f"before: {case_name(cases[0])}" if cases[0] else "before")
    shown = curves[curves["case"].isin(cases)]
    top = max(1.05, float(shown.loc[shown["share"] > _FIRST, "normalised"].max()))
    least = min(1.0, float(shown["normalised"].min()))
    for axes, case in zip(after, cases, strict=True):
        _draw_normalised(axes, curves[curves["case"] == case], hues, deviations[deviations["case"] == case])
        axes.set(ylim=(0.98 * least, 1.03 * top), xlabel="share x = t / t*")
        axes.set_title(f"after: {case_name(case)}" if case else "after")
    after[0].set_ylabel("normalised loss ℓ(x)")
    handles, labels = before.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=max(legend_columns(labels), len(labels)))
    title = f"Collapse: {plain(block.of or next(iter(content.analyses.of('collapse'))))}"
    return Drawn(
        figure, as_data([({}, shown)]), title, _caption(found.table("exponents"), deviations, cases, asked)
    )


def _draw_normalised(
    axes: Axes, curves: pd.DataFrame, hues: dict[Any, str], deviations: pd.DataFrame
) -> None:
    for size, rows in curves.groupby("size"):
        spread = np.nan_to_num(rows["seed_sd"].to_numpy(dtype=float))
        axes.fill_between(
            rows["share"], rows["normalised"] - spread, rows["normalised"] + spread, color=hues[size], alpha=0.12, lw=0
        )  # fmt: skip
        axes.plot(rows["share"], rows["normalised"], color=hues[size], lw=1.0)
    late = deviations[np.isclose(deviations["share"], 0.8)]
    if len(late) and np.isfinite(late["sigma"].iloc[0]):
        delta, sigma = (number(late[name].iloc[0], 2) for name in ("delta", "sigma"))
        axes.text(
            0.97, 0.95, f"x = 0.8:\nΔ {delta}\nσ {sigma}", transform=axes.transAxes, ha="right", va="top"
        )


def _caption(
    exponents: pd.DataFrame, deviations: pd.DataFrame, cases: list[str], asked: CollapseBlock
) -> str:
    told = []
    for case in cases:
        row = exponents[exponents["case"] == case].iloc[0]
        if pd.notna(row["supercollapse"]):
            told.append(f"{f'{row.supercollapse:.0%} of training'}{f' at {case_name(case)}' if case else ''}")
    ladder = exponents.loc[exponents["case"] == cases[0], "ladder"].iloc[0]
    trained = "for a time of its own" if pd.isna(ladder) else f"for t* ∝ N^{number(ladder)}"
    return (
        f"Left: the mean {plain(asked.y)} of each {name_of(asked.size)}, trained {trained}. Then ℓ(x) = "
        "(L(x t*) − L₀) / (L(t*) − L₀), with the standard deviation over seeds as a band. "
        + (f"Δ < σ over {'; '.join(told)}." if told else "")
    ).strip()


figure = Kind(draw, "collapse", OPTIONS)
