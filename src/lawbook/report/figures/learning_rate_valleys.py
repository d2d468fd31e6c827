"""`learning_rate_valleys`: loss against learning rate per width, diverged runs and edge optima marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import (
    WHERE,
    Line,
    as_data,
    chosen_runs,
    draw_points,
    draw_seeds,
    make_lines,
    means,
    repeats_text,
)
from lawbook.report.style import DOUBLE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import varying_axes
from lawbook.results.words import label, number, plain
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

X = "learning_rate"


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a valley per width with its optimum: the lowest mean among the rates at which no run diverged."""
    runs, sweep = chosen_runs(block, results, content)
    if runs[X].nunique() < 2:
        raise LawbookError(
            f"figure {block.kind}: the sweep {sweep!r} has one learning rate; name one that varies it"
        )
    y = str(block.options.get("y", "validation_loss"))
    if y not in runs or not runs[y].notna().any():
        y = "test_loss"
    lines, held = make_lines(runs, [axis for axis in varying_axes(runs, content, sweep) if axis != X])

    figure = new_figure(DOUBLE, 3.6)
    (top, axes) = figure.subplots(2, 1, sharex=True, height_ratios=[0.05 + 0.035 * len(lines), 1])
    parts, edges = [], []
    for row, line in enumerate(lines):
        points = means(line.runs, y, X)
        counts = line.runs.groupby(X)["status"].agg(
            n_diverged=lambda s: int((s == RunStatus.DIVERGED).sum()), n_runs="size"
        )
        points = points.merge(counts.reset_index().rename(columns={X: "x"}), on="x", how="outer")
        points["censored"] = points["censored"].eq(True)
        draw_seeds(axes, line.runs, y, X, line)
        seen = points[points["y"].notna()]
        best = _optimum(points)
        name = line.label or "all runs"
        if best is not None:
            edge = best["x"] in (points["x"].min(), points["x"].max())
            name += f": best η = {number(best['x'])}" + (" (edge)" if edge else "")
            edges += [line.label or "all runs"] if edge else []
            points["optimum"] = points["x"] == best["x"]
        draw_points(axes, seen, line, label=name)
        partly = seen[seen["n_diverged"] > 0]
        axes.plot(
            partly["x"], partly["y"], ls="none", marker=line.marker, mfc="white", mec=line.colour, zorder=4
        )
        if best is not None:
            fill = "white" if line.label in edges or (not line.label and edges) else line.colour
            axes.plot(best["x"], best["y"], ls="none", marker="*", ms=11, mfc=fill, mec=line.colour, zorder=5)
        _draw_diverged(top, points, line, row)
        parts.append(({"y_is": y, "line": line.label}, points))
    log_axis(axes, "x", runs[X])
    values = pd.concat([part["y"] for _, part in parts])
    log_axis(axes, "y", values[values > 0])
    _limit_height(axes, parts)
    axes.set(xlabel=label(X), ylabel=label(y, content, sweep))
    top.set(ylim=(len(lines) - 0.4, -0.6), yticks=[])
    top.grid(visible=False)
    top.spines[["left", "bottom"]].set_visible(False)
    top.tick_params(which="both", bottom=False, labelbottom=False)
    top.set_title("runs that diverged, of all runs at that rate")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper")

    about = [
        f"Mean {plain(y)} over seeds with 95 % intervals ({repeats_text(runs)})",
        "× marks rates at which runs diverged, with their count; hollow points are means over the other runs",
        "stars: lowest mean among rates at which none diverged, hollow if it is the lowest or highest tried",
    ]
    if held:
        about.append(f"held fixed: {held}")
    return Drawn(figure, as_data(parts), "Learning-rate valleys", "; ".join(about) + ".")


def _optimum(points: pd.DataFrame) -> pd.Series | None:
    """Return the point with the lowest mean among those where no run diverged, if there is one."""
    whole = points[(points["n_diverged"] == 0) & points["y"].notna()]
    return None if whole.empty else whole.iloc[int(np.argmin(whole["y"].astype(float)))]


def _draw_diverged(axes: Axes, points: pd.DataFrame, line: Line, row: int) -> None:
    bad = points[points["n_diverged"] > 0]
    axes.plot(bad["x"], np.full(len(bad), row), ls="none", marker="x", color=line.colour, ms=4, mew=1.3)
    for x, n, of in bad[["x", "n_diverged", "n_runs"]].itertuples(index=False):
        axes.annotate(f"{n}/{of}", (x, row), xytext=(4, 0), textcoords="offset points", color=line.colour,
                      fontsize=5.5, va="center")  # fmt: skip


def _limit_height(axes: Axes, parts: list[tuple[dict[str, str], pd.DataFrame]]) -> None:
    """Cut the panel above 100 times the lowest mean: runs about to diverge would flatten the valleys."""
    lowest = min((float(part["y"].min()) for _, part in parts if part["y"].notna().any()), default=np.nan)
    low, high = axes.get_ylim()
    if np.isfinite(lowest) and high > 100 * lowest > low:
        axes.set_ylim(low, 100 * lowest)


figure = Kind(
    draw,
    "sweep",
    {"y": "Column that is drawn; validation_loss by default, since rates are chosen on it.", **WHERE},
)
