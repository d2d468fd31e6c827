"""`grokking_curves`: the shares of training and of test examples that each run has right, along its steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lawbook.axes import Config
from lawbook.errors import LawbookError, suggest
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._along import along_axis, values_along
from lawbook.report.figures._series import WHERE, as_data, chosen_runs, repeats_text, shown
from lawbook.report.style import DOUBLE, PALETTE, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import varying_axes
from lawbook.results.words import label, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

MOST = 4
"""Panels that stand side by side."""

LOOKS = {"train": (PALETTE[0], "-"), "test": (PALETTE[1], (0, (5, 1.2)))}


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a panel per value of an axis, a line for each run and split; below them what was measured, if one asks."""
    runs, sweep = chosen_runs(block, results, content)
    varied = varying_axes(runs, content, sweep)
    by = block.options.get("by", varied[0] if varied else None)
    if by is not None and by not in varied:
        raise LawbookError(f"figure {block.kind}: by = {by!r} is no axis that varies; {suggest(by, varied)}")
    values = [None] if by is None else sorted(runs[by].dropna().unique())
    values = (
        values
        if len(values) <= MOST
        else [values[round(i * (len(values) - 1) / (MOST - 1))] for i in range(MOST)]
    )
    below = block.options.get("below")
    figure = new_figure(min(DOUBLE, 1.2 + 1.9 * len(values)), 2.5 if below is None else 4.0)
    grid = figure.subplots(1 if below is None else 2, len(values), sharex=True, sharey="row", squeeze=False)
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = []
    steps = results.curves.loc[results.curves["run_id"].isin(runs["run_id"]), "step"]
    for column, value in zip(grid.T, values, strict=True):
        some = runs if by is None else runs[runs[by] == value]
        parts += _draw_splits(column[0], results, some, value)
        if by is not None:
            column[0].set_title(shown(by, value))
        if below is not None:
            rows = values_along(results.curves, str(below), some)
            for _, line in rows.groupby("run_id"):
                column[1].plot(line["step"], line["value"], color=PALETTE[2], lw=1.0)
            parts.append(({"part": str(below), "case": value}, rows[["run_id", "step", "value"]]))
        along_axis(column[0], steps, "log", len(values))
        column[-1].set_xlabel(label("step"))
    grid[0, 0].set_ylabel("share right")
    grid[0, 0].set_ylim(-0.03, 1.03)
    if below is not None:
        grid[1, 0].set(ylabel=label(str(below), content, sweep), ylim=(0, None))
    handles = [Line2D([], [], color=hue, ls=dashes, label=split) for split, (hue, dashes) in LOOKS.items()]
    figure.legend(handles=handles, loc="outside right upper")
    caption = f"Each line a run ({repeats_text(runs)}): which share of its training and its test examples it has right."
    caption += "" if below is None else f" Below: {plain(str(below))}."
    return Drawn(
        figure,
        as_data(parts),
        f"Training and test along steps{'' if by is None else f', by {plain(by)}'}",
        caption,
    )


def _draw_splits(
    axes: Axes, results: Results, runs: pd.DataFrame, value: Any
) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Draw both splits of some runs; return the data."""
    rows = values_along(results.curves, "error", runs)
    rows = rows.assign(value=1.0 - rows["value"])
    parts = []
    for split, (hue, dashes) in LOOKS.items():
        of_split = rows[rows["split"] == split]
        for _, line in of_split.groupby("run_id"):
            axes.plot(line["step"], line["value"], color=hue, ls=dashes, lw=1.0)
        parts.append(({"part": split, "case": value}, of_split[["run_id", "step", "value"]]))
    return parts


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError for a measurement that is not named."""
    below = block.options.get("below")
    if below is not None and not isinstance(below, str):
        raise LawbookError(f"figure {block.kind}: below = {below!r}; write the name of one measurement")


figure = Kind(
    draw,
    "sweep",
    {
        "by": "The axis with a panel for each value, four at most; the first that varies by default.",
        "below": "A measurement to draw below, such as fourier_concentration.",
        **WHERE,
    },
    _check,
)
