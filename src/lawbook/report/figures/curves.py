"""`curves`: metrics and measurements along training, per value of the axis that a sweep varies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.axes import Config
from lawbook.errors import LawbookError, suggest
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._along import (
    ALONG,
    ALONG_OPTIONS,
    along_axis,
    check_scales,
    draw_exact,
    draw_means,
    exact_means,
    last_values,
    legend_beside,
    means_along,
    one_of,
    side_by_side,
    value_axis,
    values_along,
)
from lawbook.report.figures._series import (
    WHERE,
    Line,
    as_data,
    by_repeats,
    chosen_runs,
    make_lines,
    repeats_text,
    shown,
)
from lawbook.report.interactive import Interactive, Runs, Trace, each_run, panel_of
from lawbook.report.style import BLACK, DOUBLE, GREY, RED, SINGLE, colours, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import varying_axes
from lawbook.results.words import enumerate_words, label, number, plain
from lawbook.storage.columns import SPLITS
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


@dataclass(frozen=True)
class Look:
    """How a line is drawn, and what the legend says of its colour and of its dashes."""

    colour: str
    dashes: Any
    name: str
    dashed: str


DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.2, 1.2, 1.2)))


@dataclass(frozen=True)
class Panel:
    """One panel: the column that it shows, of which split (null of a measurement), and its values along training."""

    column: str
    split: str | None
    rows: pd.DataFrame

    @property
    def name(self) -> str:
        """Return the column of the runs that the panel shows: a metric has its split in front."""
        return (
            self.column
            if self.split is None
            else f"{self.split}_{self.column.removeprefix(f'{self.split}_')}"
        )


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the mean over independent repeats with its 95 % interval, a panel per column and split."""
    runs, sweep = chosen_runs(block, results, content)
    x = one_of(block, "x", ALONG, "step")
    panels = _panels(block, results, runs)
    by = block.options.get("by")
    varied = varying_axes(runs, content, sweep)
    if by is not None and by not in varied:
        raise LawbookError(f"figure {block.kind}: by = {by!r} is no axis that varies; {suggest(by, varied)}")
    ordered = sorted(varied, key=lambda axis: axis != by)
    lines, held = make_lines(runs, ordered, keep=by)
    looks = _looks(lines, lines[0].axes)

    columns = side_by_side(len(panels))
    rows = -(-len(panels) // columns)
    figure = new_figure(DOUBLE if columns > 1 else SINGLE + 1.1, 0.4 + 2.5 * rows)
    same = len({panel.column for panel in panels}) == 1
    grid = figure.subplots(rows, columns, sharey=same, squeeze=False).ravel()
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = []
    traces: list[list[Trace]] = []
    for axes, panel in zip(grid, panels, strict=False):
        drawn, answering = _draw_panel(block, axes, panel, lines, looks, x, columns)
        traces.append(answering)
        axes.set_title("" if panel.name == panel.column else str(panel.split))
        axes.set_xlabel(label(x))
        axes.set_ylabel("" if same and axes is not grid[0] else label(panel.column, content, sweep))
        parts += drawn
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for group in [list(grid)] if same else [[axes] for axes in grid]:
        values = [v for axes in group for v in _drawn_values(axes)]
        for axes in group:
            value_axis(axes, values, block.options.get("y_scale"))
    asked = [
        panel_of(axes, answering, y_label=label(panel.column, content, sweep))
        for axes, panel, answering in zip(grid, panels, traces, strict=False)
    ]
    legend_beside(figure)
    columns_shown = list(dict.fromkeys(plain(panel.column) for panel in panels))
    title = f"{enumerate_words(columns_shown)} along {'training' if x == 'step' else plain(x)}"
    answers = Interactive(tuple(asked))
    return Drawn(figure, as_data(parts), title[0].upper() + title[1:], _caption(block, runs, held), answers)


def _panels(block: FigureBlock, results: Results, runs: pd.DataFrame) -> list[Panel]:
    asked = block.options.get("metric", "loss")
    panels = []
    for column in asked if isinstance(asked, list) else [asked]:
        rows = values_along(results.curves, str(column), runs)
        splits = [split for split in SPLITS if (rows["split"] == split).any()]
        if rows["split"].isna().any():
            panels.append(Panel(str(column), None, rows[rows["split"].isna()]))
        panels += [Panel(str(column), split, rows[rows["split"] == split]) for split in splits]
    return panels


def _looks(lines: Sequence[Line], axes: Sequence[str]) -> list[Look]:
    """Return how each line is drawn: where two axes vary, one of them has the colours and the other the dashes.

    The first has the colours, unless the others have more values than there are dashes.
    """
    for place in (0, 1):
        keys = [(line.values[:1], line.values[1:]) for line in lines]
        hued, dashed = ([key[i] for key in keys] for i in (place, 1 - place))
        styles = list(dict.fromkeys(dashed))
        if len(set(hued)) < 2 or not 1 < len(styles) <= len(DASHES):
            continue
        names = [
            [shown(axis, value) for axis, value in zip(axes, line.values, strict=True)] for line in lines
        ]
        parts = [(", ".join(name[:1]), ", ".join(name[1:])) for name in names]
        values = list(dict.fromkeys(hued))
        ordered = [value[0] if len(value) == 1 else str(value) for value in values]
        hues = dict(zip(values, colours(ordered), strict=True))
        return [
            Look(hues[hue], DASHES[styles.index(dash)], part[place], part[1 - place])
            for hue, dash, part in zip(hued, dashed, parts, strict=True)
        ]
    return [Look(line.colour, "-", line.label, "") for line in lines]


def _legend(axes: Axes, looks: Sequence[Look]) -> None:
    """Give a panel the entries of the legend: the colours, and the dashes where there are several."""
    for name, hue in {look.name: look.colour for look in looks if look.name}.items():
        axes.plot([], [], color=hue, label=name)
    for name, dashes in {look.dashed: look.dashes for look in looks if look.dashed}.items():
        axes.plot([], [], color=BLACK, ls=dashes, label=name)


def _draw_panel(
    block: FigureBlock,
    axes: Axes,
    panel: Panel,
    lines: Sequence[Line],
    looks: Sequence[Look],
    x: str,
    wide: int,
) -> tuple[list[tuple[dict[str, Any], pd.DataFrame]], list[Trace]]:
    """Draw the lines of a panel; return their data, and what they answer."""
    exact = block.options.get("exact")
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = []
    traces: list[Trace] = []
    levels: dict[tuple[str, float], list[str]] = {}
    _legend(axes, looks)
    for line, look in zip(lines, looks, strict=True):
        rows = panel.rows[panel.rows["run_id"].isin(line.runs["run_id"])]
        named = {"column": panel.name, "line": line.label}
        points = means_along(rows, x)
        draw_means(axes, points, colour=look.colour, dashes=look.dashes)
        parts.append(({**named, "part": "mean", "x_is": x}, points))
        traces.append(_mean_trace(points, panel, line, look))
        ended = last_values(rows, line.runs)
        traces.append(
            Trace("a run diverged", ended[x], ended["value"], runs=each_run(ended), colour=RED, marker="x")
        )
        axes.plot(ended[x], ended["value"], ls="none", marker="x", color=RED, ms=4, mew=1.2, zorder=5,
                  label="a run diverged" if len(ended) else None)  # fmt: skip
        if exact is not None:
            known = exact_means(str(exact), line.runs, rows, panel.name)
            draw_exact(axes, known, x)
            known = known.sort_values(x)
            traces.append(Trace("exact", known[x], known["value"], line=(0, (4, 2)), width=0.8))
            parts.append(
                ({**named, "part": "exact", "x_is": x}, pd.DataFrame({"x": known[x], "y": known["value"]}))
            )
        for level in _levels(block):
            for at in _level_values(block, level, line.runs):
                levels.setdefault((_level_text(level), at), []).append(look.colour)
    for (text, at), hues in levels.items():
        alone = hues[0] if len(hues) == 1 and len(lines) > 1 else GREY
        axes.axhline(at, color=alone, lw=0.8, ls=":", zorder=1)
        axes.plot([], [], color=GREY, lw=0.8, ls=":", label=text)
        ends = [panel.rows[x].min(), panel.rows[x].max()]
        traces.append(Trace(text, ends, [at, at], colour=alone, line=":", width=0.8))
    along_axis(axes, [v for _, part in parts for v in part["x"]], block.options.get("x_scale"), wide)
    return parts, traces


def _mean_trace(points: pd.DataFrame, panel: Panel, line: Line, look: Look) -> Trace:
    """Return the means of a line along training with their band, and all its runs behind each of them."""
    points = points.sort_values("x")
    there = by_repeats(line.runs[line.runs["run_id"].isin(panel.rows["run_id"])])
    runs = Runs(tuple(map(str, there["run_id"])), plain(panel.name))
    marker = "o" if len(points) == 1 else ""
    return Trace(
        line.label, points["x"], points["y"], low=points["low"], high=points["high"], runs=[runs],
        colour=look.colour, line=look.dashes, marker=marker, band=True,
    )  # fmt: skip


def _drawn_values(axes: Axes) -> list[float]:
    """Return the y of all lines of a panel, of the horizontal ones too."""
    return [float(v) for line in axes.lines for v in np.asarray(line.get_ydata(), dtype=float)]


def _levels(block: FigureBlock) -> list[Any]:
    levels = block.options.get("levels", [])
    return levels if isinstance(levels, list) else [levels]


def _level_text(level: Any) -> str:
    if isinstance(level, dict):
        above, below = (plain(str(part)) for part in level["ratio"])
        return f"{above} / {below}"
    return number(level) if isinstance(level, int | float) else plain(level)


def _level_values(block: FigureBlock, level: Any, runs: pd.DataFrame) -> list[float]:
    """Return the values of a level among the runs of a line: a number, a column's, or a ratio of two of these."""

    def one(part: Any) -> Any:
        if isinstance(part, int | float):
            return float(part)
        if part not in runs:
            raise LawbookError(f"figure {block.kind}: levels: {suggest(part, map(str, runs))} (was {part!r})")
        return runs[part].astype(float)

    value = one(level["ratio"][0]) / one(level["ratio"][1]) if isinstance(level, dict) else one(level)
    return [float(v) for v in np.unique(value) if np.isfinite(v)]


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError for an option in another form."""
    check_scales(block)
    one_of(block, "x", ALONG, "step")
    for level in _levels(block):
        ratio = level.get("ratio") if isinstance(level, dict) and len(level) == 1 else None
        parts = ratio if isinstance(ratio, list) and len(ratio) == 2 else [level]
        if not all(isinstance(part, int | float | str) and not isinstance(part, bool) for part in parts):
            fix = "write numbers, columns, or {ratio: [2, learning_rate]}"
            raise LawbookError(f"figure {block.kind}: levels = {level!r} is no level; {fix}")


def _caption(block: FigureBlock, runs: pd.DataFrame, held: str) -> str:
    about = f"Mean over independent repeats with its 95 % interval ({repeats_text(runs)})."
    if (runs["status"] == RunStatus.DIVERGED).any():
        about += " A diverged run counts up to the step before, marked by a cross."
    if "exact" in block.options:
        about += f" Dashed: exact values ({plain(str(block.options['exact']))})."
    if _levels(block):
        about += f" Dotted: {enumerate_words(map(_level_text, _levels(block)))}."
    return about + (f" Held fixed: {held}." if held else "")


figure = Kind(
    draw,
    "sweep",
    {
        "metric": "loss (default), error, test_loss, a task's own metric, a measurement; or a list of these.",
        "x": "step (default) or samples_seen.",
        "by": "The axis that has the colours, if several vary; the others then have the dashes, up to four.",
        "levels": "Horizontal lines: numbers, columns of the runs, or {ratio: [2, learning_rate]}.",
        **ALONG_OPTIONS,
        **WHERE,
    },
    _check,
)
