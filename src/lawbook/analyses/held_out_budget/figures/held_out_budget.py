"""`held_out_budget`: the least loss over budgets, with what the smaller ones predict of the largest."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.held_out_budget.block import METHODS, POWER
from lawbook.analyses.held_out_budget.words import METHOD_NAMES
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, MARKERS, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import label, measured, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_LOOKS = {method: (PALETTE[i], MARKERS[i + 1]) for i, method in enumerate(METHODS)}
_BESIDE = {method: 1.06 ** (i + 1) for i, method in enumerate(METHODS)}
"""By how much a prediction is drawn to the right of its budget, so that intervals do not lie on each other."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw L* over compute with the predictions at the held-out budget, and their errors beside it."""
    asked, found = analysis_shown(block, "held_out_budget", results, content)
    budgets, predictions = found.table("budgets"), found.table("predictions")
    known = predictions[predictions["status"] == FitStatus.OK]
    if known.empty:
        raise LawbookError(f"figure {block.kind}: nothing is predicted; see the table predictions")
    figure = new_figure(DOUBLE, 3.0)
    over, errors = figure.subplots(1, 2, width_ratios=[1.3, 1])
    _draw_losses(over, budgets, known)
    over.set(xlabel="compute C (FLOPs)", ylabel=f"least {label(asked.y, content, asked.sweep)}")
    _draw_errors(errors, known)
    handles, labels = over.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    data = as_data([({"part": "budget"}, budgets), ({"part": "prediction"}, predictions)])
    told = "; ".join(
        f"{METHOD_NAMES[row['method']]} {measured(*(100 * row[end] for end in ('error', 'error_low', 'error_high')))} %"
        for row in known.to_dict("records")
    )
    caption = (
        f"Left: the least {plain(asked.y)} at each budget, and what the smaller budgets alone say of the one at "
        f"{number(asked.budgets[-1])} FLOPs, drawn a little to its right; the line is the power law. Right: how far "
        f"each prediction is off. 95 % intervals over seeds. {told}."
    )
    return Drawn(figure, data, "The largest budget, predicted from the smaller ones", caption)


def _draw_losses(axes: Axes, budgets: pd.DataFrame, known: pd.DataFrame) -> None:
    inside = budgets[budgets["edge"].isna()]
    value, low, high = inside[["loss", "low", "high"]].to_numpy(dtype=float).T
    spread = np.nan_to_num(np.maximum([value - low, high - value], 0))
    axes.errorbar(
        inside["compute"], value, yerr=spread, color=BLACK, marker="o", ms=3.5, ls="none", capsize=2, label="measured"
    )  # fmt: skip
    edge = budgets[budgets["edge"].notna()]
    if len(edge):
        axes.plot(
            edge["compute"], edge["loss"], "o", mfc="white", mec=BLACK, ms=4, label="on an edge of the sizes"
        )
    for row in known.to_dict("records"):
        colour, marker = _LOOKS[row["method"]]
        ends = np.nan_to_num([[row["predicted"] - row["low"]], [row["high"] - row["predicted"]]])
        axes.errorbar(
            [row["compute"] * _BESIDE[row["method"]]], [row["predicted"]], yerr=np.maximum(ends, 0), color=colour,
            marker=marker, ms=4.5, ls="none", capsize=2.5, label=METHOD_NAMES[row["method"]],
        )  # fmt: skip
    below = inside[inside["compute"] < known["compute"].iloc[0] * (1 - 1e-6)]
    if POWER in set(known["method"]):
        slope, start = np.polyfit(np.log(below["compute"]), np.log(below["loss"]), 1)
        at = np.array([below["compute"].min(), known["compute"].iloc[0]])
        axes.plot(at, np.exp(start + slope * np.log(at)), color=_LOOKS[POWER][0], lw=0.9, zorder=1)
    log_axis(axes, "x", budgets["compute"])
    log_axis(axes, "y", pd.concat([budgets["loss"], known["predicted"]]))


def _draw_errors(axes: Axes, known: pd.DataFrame) -> None:
    axes.axvline(0, color=BLACK, lw=0.8)
    for y, row in enumerate(known.to_dict("records")):
        colour, marker = _LOOKS[row["method"]]
        value, low, high = (100 * row[end] for end in ("error", "error_low", "error_high"))
        ends = np.nan_to_num([[value - low], [high - value]])
        axes.errorbar([value], [y], xerr=np.maximum(ends, 0), color=colour, marker=marker, ms=4.5, capsize=3)
    names = [METHOD_NAMES[method].replace(" of ", "\nof ") for method in known["method"]]
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("log predicted − log measured (%)")


figure = Kind(draw, "held_out_budget", {})
