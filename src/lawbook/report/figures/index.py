"""`index`: a vector measurement against its index at some steps, or along training per index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import ticker
from matplotlib.axes import Axes

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._along import (
    ALONG,
    ALONG_OPTIONS,
    along_axis,
    check_scales,
    draw_exact,
    draw_means,
    exact_means,
    legend_beside,
    means_along,
    one_of,
    side_by_side,
    value_axis,
    values_along,
)
from lawbook.report.figures._series import WHERE, as_data, chosen_runs, make_lines, repeats_text
from lawbook.report.style import DOUBLE, SINGLE, colours, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import varying_axes
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

MOST_PANELS, MOST_LINES, STEPS_SHOWN = 6, 12, 5


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw means over independent repeats with 95 % intervals, a panel per value of the axes that vary."""
    column = block.options.get("measurement")
    if column is None:
        raise LawbookError(f"figure {block.kind}: it names no measurement; write measurement: NAME")
    runs, sweep = chosen_runs(block, results, content)
    along = one_of(block, "x", ("index", *ALONG), "index")
    panels, held = make_lines(runs, varying_axes(runs, content, sweep), most=MOST_PANELS)
    rows = values_along(results.curves, str(column), runs, "vector")
    x, by = ("index", "step") if along == "index" else (along, "index")
    shown = _shown(block, rows, by)
    hues = dict(zip(shown, colours(shown), strict=True))
    from_one = x == "index" and block.options.get("x_scale") == "log"

    wide = side_by_side(len(panels))
    figure = new_figure(DOUBLE if wide > 1 else SINGLE + 1.1, 0.4 + 2.5 * -(-len(panels) // wide))
    grid = figure.subplots(-(-len(panels) // wide), wide, sharey=True, squeeze=False).ravel()
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = []
    for axes, panel in zip(grid, panels, strict=False):
        of_panel = rows[rows["run_id"].isin(panel.runs["run_id"])]
        exact = pd.DataFrame()
        if "exact" in block.options:
            exact = exact_means(str(block.options["exact"]), panel.runs, of_panel, str(column))
        for value in shown:
            named = {"panel": panel.label, by: value, "x_is": x}
            points = means_along(of_panel[of_panel[by] == value], x)
            theory = exact[exact[by] == value] if len(exact) else exact
            if from_one:
                points = points.assign(x=points["x"] + 1)
                theory = theory.assign(index=theory["index"] + 1) if len(theory) else theory
            draw_means(axes, points, colour=hues[value], label=f"{plain(by)} {number(value, 6)}")
            parts.append(({**named, "part": "mean"}, points))
            if len(theory):
                draw_exact(axes, theory, x)
                drawn = pd.DataFrame({"x": theory[x], "y": theory["value"]})
                parts.append(({**named, "part": "exact"}, drawn))
        _dress(axes, block, x, parts, from_one, wide)
        axes.set_title(panel.label)
        axes.set_ylabel(label(str(column), content, sweep) if axes is grid[0] else "")
    for axes in grid[len(panels) :]:
        axes.set_axis_off()
    for axes in grid[:1]:
        every = [
            float(v) for panel in grid for line in panel.lines for v in np.asarray(line.get_ydata(), float)
        ]
        value_axis(axes, every, block.options.get("y_scale"))
    legend_beside(figure)
    title = f"{plain(str(column)).capitalize()} {'by index' if x == 'index' else 'along training, per index'}"
    return Drawn(figure, as_data(parts), title, _caption(block, rows, runs, shown, by, held))


def _shown(block: FigureBlock, rows: pd.DataFrame, by: str) -> list[Any]:
    """Return the steps, or the indices, that have a line each: those asked for, or some over the whole range."""
    there = np.unique(rows[by].to_numpy(dtype=np.int64))
    asked = block.options.get("steps" if by == "step" else "indices")
    if asked == "last":
        return [int(there[-1])]
    if asked is not None:
        nearest = [int(there[np.abs(there - wanted).argmin()]) for wanted in np.atleast_1d(asked)]
        return sorted(set(nearest))
    most = STEPS_SHOWN if by == "step" else MOST_LINES
    places = np.linspace(0, len(there) - 1, min(most, len(there))).round().astype(int)
    return [int(value) for value in there[np.unique(places)]]


def _dress(
    axes: Axes,
    block: FigureBlock,
    x: str,
    parts: Sequence[tuple[Any, pd.DataFrame]],
    from_one: bool,
    wide: int,
) -> None:
    values = [v for _, part in parts for v in part["x"]]
    scale = block.options.get("x_scale")
    if x != "index":
        along_axis(axes, values, scale, wide)
        axes.set_xlabel(label(x))
        return
    if from_one:
        log_axis(axes, "x", values)
    else:
        axes.xaxis.set_major_locator(ticker.MaxNLocator(8 // wide + 1, integer=True))
    axes.set_xlabel("rank (index + 1)" if from_one else "index")


def _check(block: FigureBlock, configs: Sequence[Config]) -> None:
    """Raise LawbookError for an option in another form."""
    check_scales(block)
    one_of(block, "x", ("index", *ALONG), "index")
    if "measurement" not in block.options:
        raise LawbookError(f"figure {block.kind}: it names no measurement; write measurement: NAME")
    for option in ("steps", "indices"):
        asked = block.options.get(option, [])
        values = asked if isinstance(asked, list) else [asked]
        whole = all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in values)
        if not whole and not (option == "steps" and asked == "last"):
            raise LawbookError(
                f"figure {block.kind}: {option} = {asked!r}; write whole numbers from 0, as [0, 100]"
            )


def _caption(
    block: FigureBlock, rows: pd.DataFrame, runs: pd.DataFrame, shown: Sequence[Any], by: str, held: str
) -> str:
    about = f"Mean over independent repeats with its 95 % interval ({repeats_text(runs)})."
    left = rows[by].nunique() - len(shown)
    if left:
        about += f" {number(left)} other {'measured steps' if by == 'step' else 'indices'} are not drawn."
    if "exact" in block.options:
        about += f" Dashed: exact values ({plain(str(block.options['exact']))})."
    return about + (f" Held fixed: {held}." if held else "")


figure = Kind(
    draw,
    "sweep",
    {
        "measurement": "The vector measurement that is drawn.",
        "x": "index (default), or step or samples_seen: then a line per index.",
        "steps": "The steps that have a line, the nearest measured ones; or last. Five by default.",
        "indices": "Along training, the indices that have a line. Twelve at most by default.",
        **ALONG_OPTIONS,
        **WHERE,
    },
    _check,
)
