"""`next_runs`: what the interval at the target is expected to become for the money, and where the runs lie."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from lawbook.analyses.prediction.words import place_text
from lawbook.analyses.suggest.block import SuggestBlock
from lawbook.analyses.suggest.words import width_text
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import (
    BLACK,
    DOUBLE,
    GREY,
    PALETTE,
    colours,
    evenly,
    legend_columns,
    log_axis,
    new_figure,
    tick_text,
)
from lawbook.results.reader import Results
from lawbook.results.words import count, label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_NUMBERED = 12
"""Up to so many runs their order stands beside them."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw half the interval at the target over the cost so far; beside it the places of runs, pool and target."""
    asked, found = analysis_shown(block, "suggest", results, content)
    runs, places, choice = (
        found.table("next_runs"),
        found.table("places"),
        found.table("choice").iloc[0].to_dict(),
    )
    expected = len(runs) > 0 and runs["half_width"].notna().all()
    figure = new_figure(DOUBLE, 3.2)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.2])
    if expected:
        _draw_interval(left, runs, choice, asked)
    else:
        left.axis("off")
        left.text(0.5, 0.5, choice["nothing"] or choice["fallback"], ha="center", va="center", wrap=True)
    _draw_places(right, places, asked, content)
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    name = block.of or next(iter(content.analyses.of("suggest")))
    data = as_data([({"part": "expected"}, runs), ({}, places)])
    return Drawn(figure, data, f"Which runs next: {plain(name)}", _caption(asked, runs, choice))


def _draw_interval(axes: Axes, runs: pd.DataFrame, choice: dict[Any, Any], asked: SuggestBlock) -> None:
    scale = 100.0 if choice["of_log"] else 1.0
    cost, width = runs[["cumulative_cost", "half_width"]].to_numpy(dtype=float).T
    axes.axhline(scale * choice["now"], color=GREY, ls="--", lw=1)
    axes.annotate(
        "now",
        (0.99, scale * choice["now"]),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=7,
    )
    axes.plot(cost, scale * width, "-", color=PALETTE[0], lw=1, drawstyle="steps-post")
    axes.plot(cost, scale * width, "o", color=PALETTE[0], ms=4)
    log_axis(axes, "x", cost)
    axes.set_ylim(0, 1.12 * scale * choice["now"])
    axes.yaxis.set_major_formatter(FuncFormatter(tick_text))
    unit = " (%)" if choice["of_log"] else ""
    axes.set(
        xlabel=f"cost so far, {asked.cost}",
        ylabel=f"{plain(asked.y)} at the target, ±{unit}",
    )


def _draw_places(axes: Axes, places: pd.DataFrame, asked: SuggestBlock, content: StudyFile) -> None:
    """Draw all places in the plane of the first two inputs; of one input, against what a run costs."""
    vertical = "x2" if len(asked.x) > 1 else "cost"
    part = {name: places[places["part"] == name] for name in ("made", "pool", "chosen", "target")}
    pool, made, target = (
        evenly(part["pool"]),
        evenly(part["made"].drop_duplicates(["x", "x2"])),
        part["target"],
    )
    axes.plot(pool["x"], pool[vertical], ".", color="#C4C4C4", ms=4, label="pool")
    chosen = part["chosen"].assign(colour=colours(part["chosen"]["order"].tolist()))
    later_first = chosen.iloc[::-1]  # the sooner lie on top
    axes.scatter(
        later_first["x"], later_first[vertical], c=later_first["colour"], s=22, zorder=3,
        label="to be made, the darker the sooner",
    )  # fmt: skip
    if len(asked.x) > 1:
        axes.plot(made["x"], made["x2"], "o", mfc="none", mec=BLACK, ms=7, mew=0.8, label="made", zorder=2)
        axes.plot(target["x"], target["x2"], "*", color=PALETTE[1], ms=10, label="target", zorder=4)
    else:
        for x in made["x"]:
            axes.axvline(x, color="#DDDDDD", lw=0.8, zorder=0)
        for x in target["x"]:
            axes.axvline(x, color=PALETTE[1], lw=1, ls="--")
    for row in chosen.head(_NUMBERED).to_dict("records") if len(chosen) <= _NUMBERED else ():
        at = (row["x"], row[vertical])
        axes.annotate(str(row["order"]), at, (4, 3), textcoords="offset points", fontsize=6.5)
    for which, column in (("x", "x"), ("y", vertical)):
        log_axis(axes, which, places[column].dropna())
    vertical_label = label(asked.x[1], content) if len(asked.x) > 1 else f"cost, {asked.cost}"
    axes.set(xlabel=label(asked.x[0], content), ylabel=vertical_label)


def _caption(asked: SuggestBlock, runs: pd.DataFrame, choice: dict[Any, Any]) -> str:
    places = "; ".join(place_text(json.dumps(place)) for place in asked.target)
    if choice["nothing"]:
        return f"Nothing is suggested for {plain(asked.y)} at {places}: {choice['nothing']}."
    spent = number(choice["spent"])
    text = f"{count(len(runs), 'run')} to make for {plain(asked.y)} at {places}, at a cost of {spent}."
    if choice["fallback"]:
        return f"{text} Drawn in proportion to 1/cost: {choice['fallback']}."
    now, after = (width_text(choice[when], choice) for when in ("now", "after"))
    more = f" Axes of the plane: the first two of {len(asked.x)} inputs." if len(asked.x) > 2 else ""
    told = (
        f"The 95 % interval there is {now} now and expected to become {after} as they are made in this order."
    )
    return f"{text} {told}{more}"


figure = Kind(draw, "suggest", {})
