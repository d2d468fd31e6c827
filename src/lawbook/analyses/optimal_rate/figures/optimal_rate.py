"""`optimal_rate`: the valleys of the loss over learning rates, and the best rate along x, case by case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.optimal_rate.block import OptimalRateBlock
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, MARKERS, PALETTE, colours, legend_columns, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, measured, name_of, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_HIGHEST = 2.0
"""Losses above so many times the least of a valley are not drawn: they would flatten it."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the first case's valleys with their bottoms; beside them the best rate over x of every case."""
    asked, found = analysis_shown(block, "optimal_rate", results, content)
    optima, exponents, valleys = (found.table(name) for name in ("optima", "exponents", "valleys"))
    if optima["rate"].isna().all():
        raise LawbookError(f"figure {block.kind}: no lowest loss lies inside the rates; see the table optima")
    cases = list(optima["case"].unique())
    figure = new_figure(DOUBLE, 3.2)
    left, right = figure.subplots(1, 2)
    shown = _draw_valleys(
        left, valleys[valleys["case"] == cases[0]], optima[optima["case"] == cases[0]], asked
    )
    left.set(xlabel=label("learning_rate"), ylabel=label(asked.y, content, asked.sweep))
    if cases[0]:
        left.set_title(case_name(cases[0]))
    left.legend(title=name_of(asked.x), ncols=2 if len(optima["x"].unique()) > 4 else 1)
    for i, case in enumerate(cases):
        rows = optima[(optima["case"] == case) & optima["rate"].notna()]
        spread = rows[["low", "high"]].sub(rows["rate"], axis=0).abs().fillna(0.0).to_numpy().T
        hue = PALETTE[i % len(PALETTE)]
        right.errorbar(
            rows["x"], rows["rate"], yerr=spread, color=hue, ls="none", marker=MARKERS[i % len(MARKERS)], ms=3.5,
            elinewidth=0.8, label=case_name(case) or "measured",
        )  # fmt: skip
        known = optima[(optima["case"] == case) & optima["exact"].notna()]
        right.plot(known["x"], known["exact"], color=hue, lw=1.0)
    log_axis(right, "x", optima["x"])
    log_axis(right, "y", np.concatenate([optima["rate"], optima["exact"]]))
    right.set(xlabel=label(asked.x), ylabel="best learning rate η*")
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    name = plain(block.of or next(iter(content.analyses.of("optimal_rate"))))
    data = as_data([({"part": "valley"}, shown), ({"part": "optimum"}, optima)])
    return Drawn(figure, data, f"Best learning rates: {name}", _caption(exponents, optima, asked))


def _draw_valleys(
    axes: Axes, valleys: pd.DataFrame, optima: pd.DataFrame, asked: OptimalRateBlock
) -> pd.DataFrame:
    places = np.sort(valleys["x"].unique())
    parts: list[pd.DataFrame] = []
    for x, hue in zip(places, colours(places), strict=True):
        rows = valleys[(valleys["x"] == x) & np.isfinite(valleys["loss"])]
        rows = rows[rows["loss"] <= _HIGHEST * rows["loss"].min()]
        axes.fill_between(rows["rate"], rows["low"], rows["high"], color=hue, alpha=0.12, lw=0)
        axes.plot(rows["rate"], rows["loss"], color=hue, marker="o", ms=2.5, lw=0.9, label=number(x))
        best = optima[(optima["x"] == x) & optima["rate"].notna()]
        axes.plot(best["rate"], best["loss"], "*", color=hue, mec="black", mew=0.5, ms=8, zorder=4)
        parts.append(rows)
    drawn: pd.DataFrame = pd.concat(parts)
    log_axis(axes, "x", drawn["rate"])
    log_axis(axes, "y", drawn["loss"])
    return drawn


def _caption(exponents: pd.DataFrame, optima: pd.DataFrame, asked: OptimalRateBlock) -> str:
    told = []
    for row in exponents[exponents["status"] == FitStatus.OK].to_dict("records"):
        exact = f", exactly {number(row['exact'])}" if pd.notna(row["exact"]) else ""
        at = f" at {case_name(row['case'])}" if row["case"] else ""
        told.append(f"{measured(row['exponent'], row['low'], row['high'])}{exact}{at}")
    lines = "; lines are exact" if optima["exact"].notna().any() else ""
    return (
        f"Left: the mean {plain(asked.y)} over learning rates, with 95 % intervals over seeds, and the best rates "
        f"(stars). Right: the best rate over {name_of(asked.x)}{lines}. Its exponent is "
        f"{'; '.join(told) or 'not known'}."
    )


figure = Kind(draw, "optimal_rate", {})
