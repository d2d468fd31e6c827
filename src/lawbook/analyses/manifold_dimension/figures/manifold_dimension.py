"""`manifold_dimension`: the loss over the size by case, unconverged sizes hollow; and 4/α beside estimates of d."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from lawbook.analyses.manifold_dimension.block import ManifoldDimensionBlock
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import (
    BLACK,
    DOUBLE,
    GREY,
    MARKERS,
    SINGLE,
    colours,
    legend_columns,
    log_axis,
    new_figure,
)
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw y over the size with the fitted power and a guide of slope -4/d, and 4/α over each estimate of d."""
    asked, found = analysis_shown(block, "manifold_dimension", results, content)
    cells, exponents, estimates = (found.table(name) for name in ("cells", "exponents", "estimates"))
    known = bool(exponents["known"].notna().any())
    beside = known or len(estimates) > 0
    figure = new_figure(DOUBLE if beside else SINGLE + 1.3, 3.8)
    losses, *others = figure.subplots(1, 2 if beside else 1, squeeze=False)[0]
    for row, hue, marker in zip(
        exponents.to_dict("records"), colours(exponents["case"]), MARKERS * len(exponents), strict=False
    ):
        of_case = cells[cells["case"] == row["case"]]
        _draw_losses(losses, of_case, pd.Series(row), hue, marker, asked)
        for axes in others:
            of_case = estimates[estimates["case"] == row["case"]]
            _draw_dimensions(axes, of_case, pd.Series(row), hue, marker)
    log_axis(losses, "x", cells["x"])
    log_axis(losses, "y", [*cells["y"], *cells["low"].dropna()])
    losses.set(xlabel=label(asked.x), ylabel=label(asked.y, content, asked.sweep))
    top = number(asked.numerator)
    handles, _ = losses.get_legend_handles_labels()
    handles.append(Line2D([], [], color=GREY, marker="o", mfc="white", ls="none", label="not converged"))
    if known:
        handles.append(Line2D([], [], color=GREY, ls=":", label=f"slope −{top}/d"))
    names = [str(handle.get_label()) for handle in handles]
    figure.legend(handles, names, loc="outside lower left", ncols=min(3, legend_columns(names)), fontsize=7)
    for axes in others:
        _finish(axes, exponents, estimates, top)
    change = f"{number(100 * asked.converged_within)} %"
    text = (
        f"{plain(asked.y).capitalize()} after the most steps, means with 95 % intervals over seeds; hollow: sizes "
        f"whose {plain(asked.y)} still changes by more than {change} when the steps double, which the fits (lines) "
        f"leave out{'; dotted: the slope of the known dimension' if known else ''}."
    )
    if beside:
        text += (
            f" Right: the dimension {top}/α that the exponent tells, over the one that is known and over estimates of "
            f"it (small marks; ringed above {number(asked.trusted)}, where they are biased); dashed: both are equal."
        )
    data = as_data(
        [({"part": "cells"}, cells), ({"part": "exponents"}, exponents), ({"part": "estimates"}, estimates)]
    )
    return Drawn(figure, data, f"The dimension that an exponent tells: {plain(block.of or 'runs')}", text)


def _draw_losses(
    axes: Axes, cells: pd.DataFrame, row: pd.Series, hue: str, marker: str, asked: ManifoldDimensionBlock
) -> None:
    """Draw the sizes of a case, the law fitted to those that have converged, and the slope of the known dimension."""
    good = cells["converged"].eq(True).to_numpy(dtype=bool)
    ends = cells[["low", "high"]].sub(cells["y"], axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(cells["x"], cells["y"], yerr=ends, color=hue, ls="none", elinewidth=0.8, capsize=1.5)
    axes.plot(cells["x"][good], cells["y"][good], color=hue, marker=marker, ls="none", ms=5,
              label=case_name(row["case"]) or "all runs")  # fmt: skip
    axes.plot(cells["x"][~good], cells["y"][~good], color=hue, marker=marker, mfc="white", ls="none", ms=5)
    if not np.isfinite(row["alpha"]):
        return
    fitted = cells[good]
    x = np.array([row["x_low"], row["x_high"]])
    middle, height = np.exp(np.log(fitted["x"]).mean()), np.exp(np.log(fitted["y"]).mean())
    axes.plot(x, height * (x / middle) ** -row["alpha"], color=hue, lw=1.2)
    if np.isfinite(row["known"]):
        axes.plot(x, height * (x / middle) ** -(asked.numerator / row["known"]), color=hue, lw=1.0, ls=":")


def _draw_dimensions(axes: Axes, estimates: pd.DataFrame, row: pd.Series, hue: str, marker: str) -> None:
    """Draw the dimension of the exponent of a case over the known one (large), and over each estimate (small)."""
    if not np.isfinite(row["dimension"]):
        return
    y = row["dimension"]
    spread = np.nan_to_num(np.abs([[row["dimension_low"] - y], [row["dimension_high"] - y]]))
    if np.isfinite(row["known"]):
        axes.errorbar([row["known"]], [y], yerr=spread, color=hue, marker=marker, ms=7, elinewidth=0.8, capsize=1.5,
                      ls="none")  # fmt: skip
    for estimate, small in zip(
        estimates.to_dict("records"), ("+", "x", "1", "2", "3", "4") * 9, strict=False
    ):
        x = estimate["estimate"]
        ends = np.nan_to_num(np.abs([[estimate["low"] - x], [estimate["high"] - x]]))
        axes.errorbar(
            [x], [y], xerr=ends, color=hue, marker=small, ms=6, elinewidth=0.6, ls="none", alpha=0.9
        )
        if estimate["biased"]:
            axes.plot([x], [y], color=hue, marker="o", mfc="none", ms=10, mew=0.7, ls="none")


def _finish(axes: Axes, exponents: pd.DataFrame, estimates: pd.DataFrame, top: str) -> None:
    """Make both axes alike, with the line on which they are equal, and say which mark is which estimate."""
    told = [*exponents["known"], *estimates["estimate"], *exponents["dimension"]]
    shown = [value for value in told if np.isfinite(value) and value > 0]
    low, high = (min(shown) / 1.4, max(shown) * 1.4) if shown else (1.0, 10.0)
    axes.plot([low, high], [low, high], color=BLACK, lw=0.8, ls="--", zorder=1)
    for which in ("x", "y"):
        log_axis(axes, which, [low, high])
    axes.set(xlim=(low, high), ylim=(low, high), xlabel="dimension d, known or estimated", ylabel=f"{top}/α")
    handles = []
    if exponents["known"].notna().any():
        handles.append(Line2D([], [], color=GREY, marker="o", ms=7, ls="none", label="known"))
    names = list(dict.fromkeys(estimates["column"]))
    for name, small in zip(names, ("+", "x", "1", "2", "3", "4") * 9, strict=False):
        handles.append(Line2D([], [], color=GREY, marker=small, ms=6, ls="none", label=plain(name)))
    if estimates["biased"].astype(bool).any():
        handles.append(
            Line2D([], [], color=GREY, marker="o", mfc="none", ms=10, mew=0.7, ls="none", label="biased")
        )
    if handles:
        axes.legend(handles=handles, fontsize=6)


figure = Kind(draw, "manifold_dimension", {})
