"""`rate_limit`: the gap to the gradient flow over its first order, or the differences between rates, over η."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, MARKERS, colours, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw (y - y₀)/(η c₁) over η where theory knows c₁, else |y(2η) - y(η)| over η beside a line of slope 1."""
    asked, found = analysis_shown(block, "rate_limit", results, content)
    rates, limits = found.table("rates"), found.table("limits")
    known = bool(limits["first_order"].notna().any())
    figure = new_figure(DOUBLE * 0.7, 3.2)
    axes = figure.subplots()
    places = list(dict.fromkeys(zip(rates["case"], rates["time"], strict=True)))
    for i, ((case, time), hue) in enumerate(zip(places, colours(np.arange(len(places))), strict=True)):
        rows = rates[(rates["case"] == case) & (rates["time"] == time)]
        limit = limits[(limits["case"] == case) & (limits["time"] == time)].iloc[0]
        told = ", ".join(filter(None, (case_name(case), f"T = {number(time)}")))
        (_draw_gaps if known else _draw_steps)(axes, rows, limit, hue, MARKERS[i % len(MARKERS)], told)
    axes.set_xlabel(label("learning_rate"))
    name = plain(asked.y)
    if known:
        axes.axhline(1, color=BLACK, lw=0.8)
        axes.set_xlim(left=0)
        axes.set_ylabel("(y − y₀) / (η c₁)")
        text = (
            f"How far {name} at the same time T = η · steps lies from that of the gradient flow, over the first-order "
            "term η c₁ of theory: 1 in the limit. Points: runs, with 95 % intervals over seeds; lines: exact values "
            "where theory knows them, and (dashed) what the two smallest rates extrapolate to."
        )
    else:
        log_axis(axes, "x", rates["rate"])
        log_axis(axes, "y", rates["step"].abs().dropna())
        axes.set_ylabel(f"change of the {name}\nfrom half the rate")
        text = (
            f"How much {name} at the same time T = η · steps changes when the rate is doubled to η, with 95 % "
            "intervals over seeds; line: in proportion to η."
        )
    axes.legend()
    data = as_data([({"part": "rates"}, rates), ({"part": "limits"}, limits)])
    return Drawn(figure, data, f"The limit of small rates: {plain(block.of or 'runs')}", text)


def _draw_gaps(axes: Axes, rows: pd.DataFrame, limit: pd.Series, hue: str, marker: str, told: str) -> None:
    spread = rows[["gap_low", "gap_high"]].sub(rows["gap"], axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(rows["rate"], rows["gap"], yerr=spread, color=hue, ls="none", marker=marker, ms=4, elinewidth=0.8,
                  label=told)  # fmt: skip
    exact = rows["exact_gap"].notna().any()
    line = rows["exact_gap" if exact else "gap"]
    axes.plot(rows["rate"], line, color=hue, lw=1.0)
    at_zero = limit["exact_richardson" if exact else "richardson"]
    axes.plot([0, rows["rate"].iloc[0]], [at_zero, line.iloc[0]], color=hue, lw=0.8, ls="--")


def _draw_steps(axes: Axes, rows: pd.DataFrame, limit: pd.Series, hue: str, marker: str, told: str) -> None:
    rows = rows.dropna(subset=["step"])
    size = rows["step"].abs()
    spread = rows[["step_low", "step_high"]].sub(rows["step"], axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(
        rows["rate"], size, yerr=spread, color=hue, ls="none", marker=marker, ms=4, elinewidth=0.8, label=told
    )
    axes.plot(rows["rate"], size.iloc[0] * rows["rate"] / rows["rate"].iloc[0], color=hue, lw=0.8)


figure = Kind(draw, "rate_limit", {})
