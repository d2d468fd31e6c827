"""`coordinate_check`: how much each layer has moved against the size, a panel per case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.coordinate_check.words import furthest
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._along import side_by_side
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, MARKERS, SINGLE, colours, legend_columns, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, name_of, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the means over seeds of every layer with their intervals, and a power law through each, case by case."""
    asked, found = analysis_shown(block, "coordinate_check", results, content)
    slopes, changes = found.table("slopes"), found.table("changes")
    seen = changes[changes["value"] > 0]
    if seen.empty:
        raise LawbookError(f"figure {block.kind}: no layer moves; see the table slopes")
    cases = list(slopes["case"].unique())
    layers = list(slopes.sort_values("place")["layer"].unique())
    hues = dict(zip(layers, colours(layers), strict=True))
    moved = f"{plain(asked.y)} after {number(slopes['step'].iloc[0])} steps"
    wide = side_by_side(len(cases))
    deep = -(-len(cases) // wide)
    figure = new_figure(DOUBLE if wide > 1 else SINGLE + 1.1, 0.6 + 2.5 * deep)
    grid = figure.subplots(deep, wide, sharey=True, squeeze=False).ravel()
    for axes, case in zip(grid, cases, strict=False):
        for layer in layers:
            rows = seen[(seen["case"] == case) & (seen["layer"] == layer)].sort_values("size")
            row = slopes[(slopes["case"] == case) & (slopes["layer"] == layer)]
            _draw_layer(axes, rows, row, hues[layer], MARKERS[layers.index(layer) % len(MARKERS)], layer)
        axes.set_title(case_name(case))
        axes.set(xlabel=label(asked.size), ylabel=moved if axes is grid[0] else "")
        log_axis(axes, "x", seen["size"])
    for axes in grid[len(cases) :]:
        axes.set_axis_off()
    log_axis(grid[0], "y", seen[["value", "low", "high"]].to_numpy(dtype=float).ravel())
    handles, labels = grid[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=max(legend_columns(labels), len(labels)))
    name = plain(block.of or next(iter(content.analyses.of("coordinate_check"))))
    data = as_data([({"part": "change"}, seen), ({"part": "slope"}, slopes.drop(columns="notes"))])
    caption = (
        f"The {plain(asked.y)} after {number(slopes['step'].iloc[0])} steps at one learning rate over "
        f"{name_of(asked.size)}: means over seeds with 95 % intervals, and lines of the fitted powers. Furthest from 0 "
        f"are {'; '.join(furthest(slopes)) or 'none: no layer has an exponent'}."
    )
    return Drawn(figure, data, f"Coordinate check: {name}", caption)


def _draw_layer(axes: Axes, rows: pd.DataFrame, row: pd.DataFrame, hue: str, marker: str, layer: str) -> None:
    """Draw one layer, and its line where it has an exponent."""
    ends = rows[["low", "high"]].sub(rows["value"], axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(
        rows["size"],
        rows["value"],
        yerr=ends,
        color=hue,
        ls="none",
        marker=marker,
        ms=3.5,
        elinewidth=0.8,
        label=layer,
    )
    slopes = row.loc[row["status"] == FitStatus.OK, "slope"]
    if len(slopes):
        log_size, log_value = np.log(rows["size"]), np.log(rows["value"])
        fitted = log_value.mean() + slopes.iloc[0] * (log_size - log_size.mean())
        axes.plot(rows["size"], np.exp(fitted), color=hue, lw=0.9)


figure = Kind(draw, "coordinate_check", {})
"""Drawn for one check; its tables are `slopes` and `changes`."""
