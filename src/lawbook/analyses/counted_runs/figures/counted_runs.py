"""`counted_runs`: the exponent of the best size by each pair of counting rules, with intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.counted_runs.counts import COMPUTES, SIZES
from lawbook.analyses.counted_runs.words import COUNTED, compute_name
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, GREY, MARKERS, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import measured, number
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_LOOKS = {rule: (PALETTE[i], MARKERS[i]) for i, rule in enumerate(SIZES)}


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a forest of the exponents, a row for each rule of compute, beside N*(C) with both counted alike."""
    _, found = analysis_shown(block, "counted_runs", results, content)
    table, optima = found.table("exponents"), found.table("optima")
    known = table[table["status"] == FitStatus.OK]
    if known.empty:
        raise LawbookError(f"figure {block.kind}: no pair of rules has an exponent; see the table exponents")
    figure = new_figure(DOUBLE, 3.2)
    along, forest = figure.subplots(1, 2, width_ratios=[1, 1.15])
    for rule, (colour, marker) in _LOOKS.items():
        points = optima[(optima["size_rule"] == rule) & (optima["compute_rule"] == rule)]
        if points.empty:
            continue
        ends = points[["low", "high"]].to_numpy(dtype=float).T
        spread = np.nan_to_num(np.maximum((ends - points["size"].to_numpy(dtype=float)) * [[-1], [1]], 0))
        look = {"color": colour, "marker": marker, "ms": 3.5, "ls": "none"}
        along.errorbar(points["compute"], points["size"], yerr=spread, capsize=2, elinewidth=0.8, **look)
        rows = known[(known["size_rule"] == rule) & (known["compute_rule"] == rule)]
        if len(rows):
            slope, centre = float(rows["exponent"].iloc[0]), np.log(points[["compute", "size"]]).mean()
            line = np.exp(centre["size"] + slope * (np.log(points["compute"]) - centre["compute"]))
            along.plot(points["compute"], line, color=colour, lw=0.9)
    log_axis(along, "x", optima["compute"])
    log_axis(along, "y", optima["size"])
    along.set(xlabel="compute C (FLOPs), counted by the same rule", ylabel="best size N* (parameters)")
    _draw_forest(forest, known)
    handles, labels = forest.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    data = as_data([({"part": "exponent"}, table.drop(columns="notes")), ({"part": "optimum"}, optima)])
    return Drawn(figure, data, "The exponent of these runs by what is counted", _caption(known))


def _draw_forest(axes: Axes, known: pd.DataFrame) -> None:
    rules = [rule for rule in COMPUTES if rule in set(known["compute_rule"])]
    for i, (rule, (colour, marker)) in enumerate(_LOOKS.items()):
        rows = known[known["size_rule"] == rule]
        if rows.empty:
            continue
        at = rows["compute_rule"].map(rules.index).to_numpy(dtype=float) + 0.22 * (i - 1)
        value, low, high = rows[["exponent", "low", "high"]].to_numpy(dtype=float).T
        spread = np.nan_to_num(np.maximum([value - low, high - value], 0))
        axes.errorbar(
            value, at, xerr=spread, color=colour, marker=marker, ms=4, ls="none", capsize=2.5,
            label=f"size: {COUNTED[rule]}",
        )  # fmt: skip
    axes.axvline(0.5, color=GREY, lw=0.8, zorder=0)
    names = [compute_name(rule).replace(", N ", ",\nN ") for rule in rules]
    axes.set_yticks(range(len(rules)), names, color=BLACK)
    axes.set_ylim(len(rules) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set(xlabel="exponent of N* in C", ylabel="compute counted")


def _caption(known: pd.DataFrame) -> str:
    told = [
        f"{COUNTED[row['size_rule']]} {measured(row['exponent'], row['low'], row['high'])}"
        for row in known[known["size_rule"] == known["compute_rule"]].to_dict("records")
    ]
    return (
        "Left: the best size of the same runs over compute, sizes and compute counted by one rule. Right: its exponent "
        "by each pair of rules, with 95 % intervals over seeds; the grey line is at 0.5. Counted alike: "
        f"{'; '.join(told)}. Over all pairs from {number(known['exponent'].min())} to "
        f"{number(known['exponent'].max())}."
    )


figure = Kind(draw, "counted_runs", {})
