"""`compute_frontier`: losses over sizes at each budget, and the best size over budgets by every method."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from lawbook.analyses.compute_frontier.block import ComputeFrontierBlock
from lawbook.analyses.compute_frontier.words import method_name
from lawbook.errors import LawbookError
from lawbook.laws.frontier.akima import interpolate
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, MARKERS, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import label, measured, plain, span
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_PROFILES = 9
"""More profiles than this lie on each other."""
_BETWEEN = 24
"""Places between two sizes at which the interpolant of a profile is drawn."""
# Viridis without its palest end, which fades on white.
_SCALE = LinearSegmentedColormap.from_list("budgets", colormaps["viridis"](np.linspace(0.0, 0.85, 64)))


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the isoFLOP profiles with their optima; beside them N*(C) by every method, and what parts them."""
    asked, found = analysis_shown(block, "compute_frontier", results, content)
    optima, exponents, profiles = (found.table(name) for name in ("optima", "exponents", "profiles"))
    if optima.empty:
        raise LawbookError(f"figure {block.kind}: no method found an optimum; see the table exponents")
    known = optima["size_exact"].notna().any()
    figure = new_figure(DOUBLE, 3.6 if known else 3.0)
    mosaic: Any = [["profiles", "sizes"], *([["profiles", "ratio"]] if known else [])]
    panels = figure.subplot_mosaic(mosaic, height_ratios=[1.6, 1] if known else [1])
    scale = _draw_profiles(panels["profiles"], profiles, optima, asked)
    bar = figure.colorbar(
        scale, ax=panels["profiles"], location="top", aspect=40, pad=0.01, label="compute C (FLOPs)"
    )
    log_axis(bar.ax, "x", profiles["compute"])
    _draw_sizes(panels["sizes"], optima, asked)
    if known:
        panels["ratio"].sharex(panels["sizes"])
        panels["sizes"].set_xlabel("")
        panels["sizes"].tick_params(labelbottom=False)
        _draw_ratio(panels["ratio"], optima, asked)
    log_axis(panels["profiles"], "x", profiles["size"])
    log_axis(panels["profiles"], "y", profiles["loss"])
    panels["profiles"].set(xlabel=label(asked.n), ylabel=label(asked.y, content, asked.sweep))
    handles, labels = panels["sizes"].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    data = as_data([({"part": "profile"}, profiles), ({"part": "optimum"}, optima)])
    title = (
        f"Compute-optimal frontier: {plain(block.of or next(iter(content.analyses.of('compute_frontier'))))}"
    )
    return Drawn(figure, data, title, _caption(exponents, asked))


def _draw_profiles(
    axes: Axes, profiles: pd.DataFrame, optima: pd.DataFrame, asked: ComputeFrontierBlock
) -> ScalarMappable:
    """Draw the loss over sizes at some budgets, and the first isoFLOP method's optima; return the scale of colours."""
    budgets = np.sort(profiles["compute"].unique())
    scale = ScalarMappable(LogNorm(budgets[0] / 1.001, budgets[-1] * 1.001), _SCALE)
    some = budgets[np.unique(np.linspace(0, len(budgets) - 1, _PROFILES).round().astype(int))]
    method = next((m for m in asked.methods if m in ("akima", "parabola")), asked.methods[0])
    best = optima[optima["method"] == method]
    for budget in some:
        line = profiles[profiles["compute"] == budget]
        colour = scale.to_rgba(budget)
        axes.plot(line["size"], line["loss"], "o", color=colour, ms=2.2)
        if len(line) > 1:
            x, y = np.log(line[["size", "loss"]].to_numpy(dtype=float).T)
            at = np.unique(np.concatenate([np.linspace(*ends, _BETWEEN) for ends in pairwise(x)]))
            axes.plot(np.exp(at), np.exp(interpolate(x, y[None], at)[0]), color=colour, lw=0.9)
        here = best[np.isclose(best["compute"], budget, rtol=1e-6)]
        inside = here["edge"].isna()
        axes.plot(here["size"][inside], here["loss"][inside], "*", color=BLACK, ms=6, zorder=4)
        axes.plot(here["size"][~inside], here["loss"][~inside], "o", mfc="white", mec=BLACK, ms=5, zorder=4)
    return scale


def _draw_sizes(axes: Axes, optima: pd.DataFrame, asked: ComputeFrontierBlock) -> None:
    exact = optima.dropna(subset="size_exact").sort_values("compute")
    if len(exact):
        axes.plot(exact["compute"], exact["size_exact"], color=BLACK, lw=1.0, zorder=1, label="exact")
    for i, method in enumerate(asked.methods):
        points = optima[optima["method"] == method]
        inside, edge = points[points["edge"].isna()], points[points["edge"].notna()]
        look: dict[str, Any] = {
            "color": PALETTE[i % len(PALETTE)],
            "marker": MARKERS[i % len(MARKERS)],
            "ls": "none",
        }
        if len(points):
            axes.fill_between(
                inside["compute"],
                inside["size_low"],
                inside["size_high"],
                color=look["color"],
                alpha=0.2,
                lw=0,
            )
            axes.plot(inside["compute"], inside["size"], ms=3, label=method_name(method), **look)
        if len(edge):
            axes.plot(
                edge["compute"],
                edge["size"],
                mfc="white",
                ms=4,
                label=f"on an edge ({method_name(method)})",
                **look,
            )
    log_axis(axes, "x", optima["compute"])
    log_axis(axes, "y", optima["size"])
    axes.set(xlabel="compute C (FLOPs)", ylabel=f"best {label(asked.n)}")


def _draw_ratio(axes: Axes, optima: pd.DataFrame, asked: ComputeFrontierBlock) -> None:
    """Draw N* over the exact one, where lines of a log-log plot lie on each other."""
    axes.axhline(1, color=BLACK, lw=1.0)
    for i, method in enumerate(asked.methods):
        points = optima[(optima["method"] == method) & optima["edge"].isna()].dropna(subset="size_exact")
        ratio, *ends = points[["size", "size_low", "size_high"]].to_numpy(dtype=float).T
        exact = points["size_exact"].to_numpy(dtype=float)
        spread = np.nan_to_num(np.abs(np.stack(ends) - ratio) / exact)
        axes.errorbar(
            points["compute"], ratio / exact, yerr=spread, color=PALETTE[i % len(PALETTE)], ls="none",
            marker=MARKERS[i % len(MARKERS)], ms=2.5, elinewidth=0.7,
        )  # fmt: skip
    log_axis(axes, "x", optima["compute"])
    axes.set(xlabel="compute C (FLOPs)", ylabel="N* / exact")


def _caption(exponents: pd.DataFrame, asked: ComputeFrontierBlock) -> str:
    sizes = exponents[exponents["quantity"] == "size"]
    found = [
        f"{method_name(row['method'])} {measured(row['exponent'], row['low'], row['high'])} over "
        f"{span(row['compute_low'], row['compute_high'])} FLOPs"
        for row in sizes.to_dict("records")
        if row["status"] == FitStatus.OK
    ]
    refused = [method_name(method) for method in sizes.loc[sizes["status"] != FitStatus.OK, "method"]]
    text = (
        f"{plain(asked.y)} over {plain(asked.n)} at some budgets, interpolated by Akima, with the best sizes (stars; "
        "hollow on an edge of the sizes), and the best size over budgets, with 95 % intervals. Exponent of N* in C: "
        f"{'; '.join(found) or 'none'}."
    )
    return text + (f" Refused: {', '.join(refused)}." if refused else "")


figure = Kind(draw, "compute_frontier", {})
