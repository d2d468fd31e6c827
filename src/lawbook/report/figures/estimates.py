"""`estimates`: several columns of the runs that estimate the same, over what they estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.axes import Config
from lawbook.errors import LawbookError, suggest
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._along import side_by_side
from lawbook.report.figures._series import WHERE, as_data, chosen_runs, make_lines, plain_means, repeats_text
from lawbook.report.style import BLACK, DOUBLE, MARKERS, PALETTE, SINGLE, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

MOST = len(PALETTE)
"""Columns that can be told apart."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the mean of each column over x with 95 % intervals over repeats, the line of equality and 10 % about it."""
    runs, _ = chosen_runs(block, results, content)
    x, columns = str(block.options["x"]), [str(column) for column in block.options["columns"]]
    for name in (x, *columns):
        if name not in runs or not pd.api.types.is_numeric_dtype(runs[name]):
            known = [str(c) for c in runs if pd.api.types.is_numeric_dtype(runs[c])]
            raise LawbookError(
                f"figure {block.kind}: {name!r} is no column of numbers; {suggest(name, known)}"
            )
    panels, _ = make_lines(runs, [str(block.options["by"])] if "by" in block.options else [])
    wide = side_by_side(len(panels))
    figure = new_figure(DOUBLE if wide > 1 else SINGLE + 1.1, 0.8 + 2.5 * -(-len(panels) // wide))
    grid = figure.subplots(-(-len(panels) // wide), wide, squeeze=False, sharey=True).ravel()
    parts = []
    for axes, panel in zip(grid, panels, strict=False):
        reach = np.array([0.0, panel.runs[x].max() * 1.08])
        axes.plot(reach, reach, color=BLACK, lw=0.8, ls="--", zorder=1)
        axes.fill_between(reach, 0.9 * reach, 1.1 * reach, color=BLACK, alpha=0.08, lw=0)
        for i, column in enumerate(columns):
            points = plain_means(panel.runs[panel.runs[column].notna()], column, x)
            ends = np.nan_to_num(points[["low", "high"]].sub(points["y"], axis=0).abs().to_numpy().T)
            # Side by side, so that equal estimates can be told apart.
            beside = points["x"].astype(float) + reach[1] * 0.008 * (i - (len(columns) - 1) / 2)
            axes.errorbar(beside, points["y"], yerr=ends, color=PALETTE[i], marker=MARKERS[i % len(MARKERS)], ms=4,
                          ls="none", elinewidth=0.8, capsize=1.5, label=label(column, content))  # fmt: skip
            parts.append(({"panel": panel.label, "column": column, "x_is": x}, points))
        axes.set(xlabel=label(x, content), title=panel.label, xlim=(0, reach[1]))
        axes.set_xticks(sorted(panel.runs[x].unique()), [number(v) for v in sorted(panel.runs[x].unique())])
    grid[0].set_ylim(bottom=0)  # of all panels, which share it, once all is drawn
    grid[0].set_ylabel("estimate")
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower left", ncols=2)
    text = (
        f"Estimates of {plain(x)} over its value: means with 95 % intervals ({repeats_text(runs)}), drawn side by "
        "side. Dashed: both are equal; shaded: 10 % about it."
    )
    return Drawn(figure, as_data(parts), f"Estimates of {plain(x)}", text)


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError without x, or without a list of columns that can be told apart."""
    if not isinstance(block.options.get("x"), str):
        raise LawbookError(f"figure {block.kind}: it names no column for x; write x: COLUMN")
    columns = block.options.get("columns")
    if not isinstance(columns, list) or not 1 <= len(columns) <= MOST:
        raise LawbookError(f"figure {block.kind}: columns = {columns!r}; write a list of 1 to {MOST} columns")
    by = block.options.get("by")
    if by is not None and configs and not any(by in config for config in configs):
        known = enumerate_words(sorted(map(str, configs[0]))[:3])
        raise LawbookError(f"figure {block.kind}: by = {by!r} is no axis; write one, such as {known}")


figure = Kind(
    draw,
    "sweep",
    {
        "x": "The column that is estimated.",
        "columns": "The columns that estimate it, a list.",
        "by": "An axis, each value of which has a panel of its own.",
        **WHERE,
    },
    _check,
)
