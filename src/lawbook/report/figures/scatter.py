"""`scatter`: two columns of the runs against each other, coloured by an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize, to_hex
from matplotlib.figure import Figure

from lawbook.axes import Config
from lawbook.errors import LawbookError, suggest
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import (
    WHERE,
    as_data,
    by_repeats,
    chosen_runs,
    plain_means,
    repeats_text,
    shown,
)
from lawbook.report.interactive import Interactive, Trace, each_run, panel_of, runs_behind
from lawbook.report.style import BLACK, GREY, MARKERS, SINGLE, colours, label_bar, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import varying_axes
from lawbook.results.words import count, enumerate_words, label, plain
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

MOST_NAMED = 60
"""Up to so many values of an axis can be turned off and on in the page one by one."""

FEW = 7
"""Up to so many values of an axis have an entry of the legend each; more numbers have a colour bar."""


LOG_FROM = 3.0
"""Ratio of the largest to the least value from which an axis is logarithmic."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw each run as a dot, and where runs repeat a configuration their mean with 95 % intervals on both axes."""
    runs, sweep = chosen_runs(block, results, content)
    x, y = (_column(block, key, runs) for key in ("x", "y"))
    varied = varying_axes(runs, content, sweep)
    by = block.options.get("by", varied[0] if varied else None)
    if by is not None and by not in runs:
        raise LawbookError(f"figure {block.kind}: by = {by!r}; {suggest(by, varied)}")
    finite = np.isfinite(runs[[x, y]].to_numpy(dtype=float)).all(axis=1)
    drawn = runs[finite & (runs["status"] != RunStatus.DIVERGED).to_numpy()]
    points = _means(drawn, x, y, varied)

    figure = new_figure(SINGLE + 1.3, 3.3)
    axes = figure.subplots()
    traces = _draw_groups(figure, axes, drawn, points, x, y, by, varied)
    _scale(axes, drawn[x].astype(float), drawn[y].astype(float), bool(block.options.get("identity")))
    axes.set(xlabel=label(x, content, sweep), ylabel=label(y, content, sweep))
    handles, labels = axes.get_legend_handles_labels()
    if labels:
        figure.legend(handles, labels, loc="outside right upper")
    data = as_data([({"part": "run"}, drawn[[*dict.fromkeys(c for c in ("run_id", x, y, by) if c)]]),
                    ({"part": "mean"}, points)])  # fmt: skip
    caption = _caption(block, runs, drawn, points)
    if block.options.get("identity"):
        traces.append(Trace("equal", axes.get_xlim(), axes.get_xlim(), line="--", width=0.8))
    answers = Interactive((panel_of(axes, traces),))
    return Drawn(figure, data, f"{plain(y).capitalize()} against {plain(x)}", caption, answers)


def _column(block: FigureBlock, key: str, runs: pd.DataFrame) -> str:
    column = block.options.get(key)
    numbers = [str(c) for c in runs if pd.api.types.is_numeric_dtype(runs[c])]
    if column not in numbers:
        raise LawbookError(
            f"figure {block.kind}: {key} = {column!r} is no column of numbers; {suggest(column, numbers)}"
        )
    return str(column)


def _means(runs: pd.DataFrame, x: str, y: str, varied: list[str]) -> pd.DataFrame:
    """Return the means of both columns over the repeats of each configuration, where it has several."""
    if runs.empty or not varied:
        groups: list[tuple[Any, pd.DataFrame]] = [((), runs)] if len(runs) else []
    else:
        groups = list(runs.groupby(varied, dropna=False))
    rows = []
    for key, part in groups:
        both = [plain_means(part.assign(_all=0), column, "_all").iloc[0] for column in (x, y)]
        if both[0]["n_seeds"] > 1:
            ends = {
                f"{axis}_{end}" if end else axis: both[i][end or "y"]
                for i, axis in enumerate((x, y))
                for end in ("", "low", "high")
            }
            rows.append({**dict(zip(varied, key, strict=True)), **ends, "n_repeats": both[0]["n_seeds"]})
    return pd.DataFrame(rows)


def _draw_groups(
    figure: Figure,
    axes: Axes,
    runs: pd.DataFrame,
    points: pd.DataFrame,
    x: str,
    y: str,
    by: str | None,
    varied: list[str],
) -> list[Trace]:
    """Draw runs and means, coloured by a column: with a colour bar where it has many numbers. Return what answers."""
    values = [] if by is None else sorted(runs[by].dropna().unique())
    coloured = by is not None and (by in points or points.empty)
    if coloured and len(values) > FEW and pd.api.types.is_numeric_dtype(runs[by]):
        wide = values[0] > 0 and values[-1] / values[0] > 30
        norm = (LogNorm if wide else Normalize)(values[0], values[-1])
        size, alpha = (9.0, 0.35) if len(points) else (14.0, 0.8)
        dots = axes.scatter(
            runs[x], runs[y], c=runs[by], cmap="viridis", norm=norm, linewidths=0, s=size, alpha=alpha
        )
        if len(points):
            _bars(axes, points, x, y, GREY)
            dots = axes.scatter(points[x], points[y], c=points[by], cmap="viridis", norm=norm, s=18, zorder=4)
        label_bar(figure.colorbar(dots, ax=axes), values, label(str(by)))
        found: list[Trace] = []
        for value in values:
            part, means = (table[table[by] == value] if len(table) else table for table in (runs, points))
            called = shown(str(by), value) if len(values) <= MOST_NAMED else ""
            hue = to_hex(colormaps["viridis"](norm(float(value))))
            found += _traces(called, part, means, x, y, varied, hue, "o")
        return found
    traces = []
    groups = [(value, runs[runs[by] == value]) for value in values] if coloured else [(None, runs)]
    for i, ((value, part), hue) in enumerate(zip(groups, colours(v for v, _ in groups), strict=True)):
        means = points if value is None or points.empty else points[points[by] == value]
        name, marker = None if value is None else shown(str(by), value), MARKERS[i % len(MARKERS)]
        size, alpha = (3.0, 0.35) if len(means) else (4.0, 0.8)
        axes.plot(part[x], part[y], color=hue, marker=marker, ls="none", zorder=2, ms=size, alpha=alpha, mew=0,
                  label=None if len(means) else name)  # fmt: skip
        traces += _traces(name or "", part, means, x, y, varied, hue, marker)
        if len(means):
            _bars(axes, means, x, y, hue)
            axes.plot(means[x], means[y], color=hue, marker=marker, ls="none", ms=4.5, zorder=4, label=name)
    return traces


def _traces(
    name: str,
    runs: pd.DataFrame,
    means: pd.DataFrame,
    x: str,
    y: str,
    varied: list[str],
    colour: str,
    marker: str,
) -> list[Trace]:
    """Return the runs of one colour, and their means over repeats with intervals on both axes, if there are any."""
    size, opacity = (3.0, 0.35) if len(means) else (4.0, 0.8)
    dots = Trace(
        name, runs[x], runs[y], runs=each_run(runs, y, plain(y)), colour=colour, marker=marker, size=size,
        opacity=opacity,
    )  # fmt: skip
    if means.empty:
        return [dots]
    same = {axis: axis for axis in varied}
    return [
        dots,
        Trace(
            name, means[x], means[y], low=means[f"{y}_low"], high=means[f"{y}_high"], x_low=means[f"{x}_low"],
            x_high=means[f"{x}_high"], runs=runs_behind(means.assign(y=means[y]), by_repeats(runs), same, y, plain(y)),
            colour=colour, marker=marker, size=4.5,
        ),
    ]  # fmt: skip


def _scale(axes: Axes, x: pd.Series, y: pd.Series, identity: bool) -> None:
    """Make each axis logarithmic where its values span much; with the identity line both are alike.

    Limits are those of the runs: an interval may reach beyond, and of a logarithm it has no end at 0.
    """
    both = pd.concat([x, y])
    for which, values in (("x", both if identity else x), ("y", both if identity else y)):
        if values.empty:
            continue
        low, high = values.min(), values.max()
        if low > 0 and high > LOG_FROM * low:
            log_axis(axes, which, values)
            room = (high / low) ** 0.08
            low, high = low / room, high * room
        else:
            room = 0.08 * (high - low) or 0.5
            low, high = low - room, high + room
        (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)
    if identity:
        limits = axes.get_xlim()
        axes.plot(limits, limits, color=BLACK, lw=0.8, ls="--", label="equal", zorder=1)


def _bars(axes: Axes, means: pd.DataFrame, x: str, y: str, colour: str) -> None:
    spread = [
        np.abs(means[[f"{c}_low", f"{c}_high"]].to_numpy(float).T - means[c].to_numpy(float)) for c in (x, y)
    ]
    axes.errorbar(means[x], means[y], xerr=np.nan_to_num(spread[0]), yerr=np.nan_to_num(spread[1]), color=colour,
                  ls="none", elinewidth=0.7, capsize=1.5, zorder=3)  # fmt: skip


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError without x or y, or where `identity` is no truth value."""
    for key in ("x", "y"):
        if not isinstance(block.options.get(key), str):
            raise LawbookError(f"figure {block.kind}: it names no column for {key}; write {key}: COLUMN")
    if not isinstance(block.options.get("identity", False), bool):
        raise LawbookError(f"figure {block.kind}: identity is true or false; write identity: true")


def _caption(block: FigureBlock, runs: pd.DataFrame, drawn: pd.DataFrame, points: pd.DataFrame) -> str:
    about = f"Each dot a run ({repeats_text(runs)})"
    if len(points):
        about += "; larger marks: means over independent repeats with 95 % intervals on both axes"
    lacking = int((runs["status"] != RunStatus.DIVERGED).sum()) - len(drawn)
    if lacking:
        names = enumerate_words([plain(str(block.options[key])) for key in ("x", "y")])
        about += f"; {count(lacking, 'run')} without a value of {names} cannot be drawn"
    return about + (". Dashed: both are equal." if block.options.get("identity") else ".")


figure = Kind(
    draw,
    "sweep",
    {
        "x": "The column along x.",
        "y": "The column along y.",
        "by": "The axis that has the colours; by default the first that varies.",
        "identity": "true draws the line on which both are equal.",
        **WHERE,
    },
    _check,
)
