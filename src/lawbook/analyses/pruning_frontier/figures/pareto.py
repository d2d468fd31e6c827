"""`pareto`: the least error over pools at each number of kept examples, its local exponent, and its whole cost."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lawbook.analyses.pruning_frontier.block import FrontierBlock
from lawbook.analyses.pruning_frontier.compute import part_of
from lawbook.errors import LawbookError
from lawbook.fitting.exact import exact_curves
from lawbook.laws.frontier.pareto import LARGEST_POOL
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data, flops_axis, shown, whole_flops
from lawbook.report.style import BLACK, DOUBLE, GREY, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

FRONTIER, CONTROL = PALETTE[0], PALETTE[1]


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a frontier with its control, the pools that it is the envelope of, and fits over the window."""
    asked, found = analysis_shown(block, "pruning_frontier", results, content)
    table = found.table("points")
    if table.empty:
        raise LawbookError(f"figure {block.kind}: the frontier has no points")
    verdict = found.table("verdict").iloc[0]
    pruned, control = (table[table["part"] == part] for part in ("pruned", "control"))
    runs = part_of(asked, results.runs, asked.where)

    figure = new_figure(DOUBLE, 2.9)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1.25, 1, 1])
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = []
    parts += _draw_pools(left, asked, runs)
    parts += _draw_theory(left, asked, runs)
    parts += _draw_window(left, pruned, verdict)
    for part, points, hue in (("control", control, CONTROL), ("pruned", pruned, FRONTIER)):
        _draw_part(left, points["kept"], points, hue, part == "control")
        parts.append(({"part": part}, points))
    slopes = found.table("slopes")
    for part, hue in (("control", CONTROL), ("pruned", FRONTIER)):
        steps = slopes[slopes["part"] == part].rename(columns={"slope": "estimate"})
        _draw_part(middle, np.sqrt(steps["x_low"] * steps["x_high"]), steps, hue, part == "control")
        parts.append(({"part": f"slope {part}"}, steps))
    middle.axhline(0, color=BLACK, lw=0.6)
    cost = _costs(asked, pruned, control, runs, part_of(asked, results.runs, asked.control))
    for part in ("control", "pruned"):
        points = cost[cost["part"] == part]
        _draw_part(
            right, points["flops"], points, CONTROL if part == "control" else FRONTIER, part == "control"
        )
        parts.append(({"part": f"cost {part}"}, points))

    log_axis(left, "x", pruned["kept"])
    log_axis(left, "y", table["estimate"])
    log_axis(middle, "x", pruned["kept"])
    flops_axis(right, cost["flops"])
    log_axis(right, "y", cost["estimate"])
    left.set(xlabel=label(asked.kept), ylabel=label(asked.y, content, asked.sweep))
    middle.set(xlabel=label(asked.kept), ylabel="local exponent")
    right.set_ylabel(label(asked.y, content, asked.sweep))
    entries = _legend(asked, parts)
    columns = legend_columns([str(entry.get_label()) for entry in entries])
    figure.legend(handles=entries, loc="outside lower center", ncols=columns)
    data = as_data(
        [
            ({**names, "y_is": asked.y}, points.drop(columns="part", errors="ignore"))
            for names, points in parts
        ]
    )
    return Drawn(figure, data, f"Frontier: {plain(found.folder.name)}", _caption(asked, pruned, verdict))


def _draw_part(axes: Axes, x: Any, points: pd.DataFrame, hue: str, is_control: bool) -> None:
    """Draw estimates with their intervals, those at an edge of the sweep hollow."""
    ends = points[["estimate", "low", "high"]].to_numpy(dtype=float)
    spread = np.clip(np.nan_to_num(np.stack([ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]])), 0, None)
    axes.errorbar(x, ends[:, 0], yerr=spread, color=hue, marker="s" if is_control else "o", ms=3.5,
                  ls="--" if is_control else "-", capsize=1.5, elinewidth=0.8, zorder=3)  # fmt: skip
    if "censored" in points:
        edge = (points["censored"].fillna("") != "").to_numpy()
        axes.plot(np.asarray(x)[edge], ends[edge, 0], "o", ms=4.5, mfc="white", mec=hue, zorder=4)


def _draw_pools(
    axes: Axes, asked: FrontierBlock, runs: pd.DataFrame
) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Draw the mean of each pool size as a thin grey line, and return its data."""
    means = runs.groupby([asked.pool, asked.kept])[asked.y].mean().reset_index()
    means = means[means[asked.y] > 0]
    for _, line in means.groupby(asked.pool):
        axes.plot(line[asked.kept], line[asked.y], color=GREY, lw=0.6, alpha=0.7, zorder=1)
    return [({"part": "pool"}, means.rename(columns={asked.y: "estimate"}))]


def _draw_theory(
    axes: Axes, asked: FrontierBlock, runs: pd.DataFrame
) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Draw the exact curve of each keep fraction where the theory applies, their envelope, and return the data."""
    if asked.exact is None:
        return []
    exact = runs.assign(estimate=exact_curves[asked.exact](runs, asked.kept, asked.y)).dropna(
        subset="estimate"
    )
    parts = []
    for fraction, line in exact.groupby(exact["keep_fraction"].round(6)):
        curve = line.groupby(asked.kept)["estimate"].mean().reset_index()
        axes.plot(curve[asked.kept], curve["estimate"], color=BLACK, lw=0.7, ls=":", zorder=2)
        parts.append(({"part": "exact", "keep_fraction": fraction}, curve))
    best = exact.groupby([asked.kept, asked.pool])["estimate"].mean().groupby(asked.kept).min().reset_index()
    axes.plot(best[asked.kept], best["estimate"], color=BLACK, lw=0.8, zorder=3.5)
    return [*parts, ({"part": "exact frontier"}, best)]


def _draw_window(
    axes: Axes, pruned: pd.DataFrame, verdict: pd.Series
) -> list[tuple[dict[str, Any], pd.DataFrame]]:
    """Draw the power law and the exponential through the window, and return their data."""
    inside = pruned[pruned["kept"].between(verdict["x_low"], verdict["x_high"])]
    if len(inside) < 3:
        return []
    x, y = inside["kept"].to_numpy(dtype=float), np.log(inside["estimate"].to_numpy(dtype=float))
    grid = np.geomspace(x[0], x[-1], 60)
    parts = []
    for form, u, v, style in (
        ("power", np.log(x), np.log(grid), "-."),
        ("exponential", x, grid, (0, (1, 1))),
    ):
        fitted = np.exp(np.polyval(np.polyfit(u, y, 1), v))
        axes.plot(grid, fitted, color=PALETTE[2], lw=0.9, ls=style, zorder=2)
        parts.append(({"part": form}, pd.DataFrame({"kept": grid, "estimate": fitted})))
    return parts


def _costs(
    asked: FrontierBlock,
    pruned: pd.DataFrame,
    control: pd.DataFrame,
    runs: pd.DataFrame,
    others: pd.DataFrame,
) -> pd.DataFrame:
    """Return the points of both parts with the mean FLOPs of a run and of scoring its pool."""
    by_choice = whole_flops(runs).groupby([runs[asked.kept], runs[asked.pool]]).mean()
    chosen = [by_choice.get((kept, pool), np.nan) for kept, pool in pruned[["kept", "pool"]].to_numpy()]
    alone = others.groupby(asked.kept)["flops"].mean()
    parts = [control.assign(flops=control["kept"].map(alone).astype(float)), pruned.assign(flops=chosen)]
    return pd.concat(parts, ignore_index=True)


def _legend(asked: FrontierBlock, parts: list[tuple[dict[str, Any], pd.DataFrame]]) -> list[Line2D]:
    drawn = {names["part"] for names, _ in parts}
    edges = any((points["censored"].fillna("") != "").any() for _, points in parts if "censored" in points)
    solid, dashed = f"frontier ({_named(asked.where)})", f"control ({_named(asked.control)})"
    entries = [
        Line2D([], [], color=FRONTIER, marker="o", ms=3.5, label=solid),
        Line2D([], [], color=CONTROL, marker="s", ms=3.5, ls="--", label=dashed),
        Line2D([], [], color=GREY, lw=0.6, label="one pool size each"),
    ]
    if edges:
        hollow = Line2D([], [], color=FRONTIER, marker="o", ms=4.5, mfc="white", ls="none")
        hollow.set_label("at an edge of the sweep")
        entries.append(hollow)
    if "power" in drawn:
        entries.append(Line2D([], [], color=PALETTE[2], lw=0.9, ls="-.", label="power law"))
        entries.append(Line2D([], [], color=PALETTE[2], lw=0.9, ls=(0, (1, 1)), label="exponential"))
    if "exact" in drawn:
        entries.append(Line2D([], [], color=BLACK, lw=0.7, ls=":", label="exact, by keep fraction"))
        entries.append(Line2D([], [], color=BLACK, lw=0.8, label="exact frontier, same pools"))
    return entries


def _named(wanted: dict[str, Any]) -> str:
    """Write which runs are meant: a metric by its name alone.

    >>> _named({"metric": "el2n", "probe_data": "heldout"}), _named({})
    ('el2n, probe data heldout', 'all')
    """
    words = [plain(str(v)) if axis == "metric" else shown(axis, v) for axis, v in wanted.items()]
    return ", ".join(words) or "all"


def _caption(asked: FrontierBlock, pruned: pd.DataFrame, verdict: pd.Series) -> str:
    edges = int((pruned["censored"] == LARGEST_POOL).sum())
    return (
        f"The least {plain(asked.y)} over {plain(asked.pool)} at each number of kept examples, the pool chosen on"
        f" one half of {number(pruned['n_repeats'].iloc[0])} repeats and read on the other, with 95 % intervals;"
        f" {number(edges)} choices lie at the largest pool. Verdict: {verdict['verdict']}, since {verdict['reason']}."
    )


figure = Kind(draw, "pruning_frontier", {})
