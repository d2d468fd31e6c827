"""`batch_branches`: how far branches lie above the run that goes on, and the critical batch size along training."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.batch_branches.block import BatchBranchesBlock
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, MARKERS, PALETTE, colours, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_HIGHEST = 12.0
"""Rises above so many tolerances are not drawn: they would flatten the others."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the rises of the first case over batch sizes; beside them the critical batch size of every case."""
    asked, found = analysis_shown(block, "batch_branches", results, content)
    branches, critical = found.table("branches"), found.table("critical")
    names = list(critical["case"].unique())
    figure = new_figure(DOUBLE, 3.1)
    left, right = figure.subplots(1, 2)
    shown = _draw_rises(left, branches[branches["case"] == names[0]], asked)
    left.set_ylabel(f"{label(asked.y, content, asked.sweep)}\nabove the run that goes on")
    if names[0]:
        left.set_title(case_name(names[0]))
    for i, case in enumerate(names):
        _draw_critical(right, critical[critical["case"] == case], i, case_name(case))
    log_axis(right, "x", critical["samples"])
    log_axis(right, "y", np.concatenate([critical["critical_batch"], critical["low"], critical["high"]]))
    right.set(xlabel="examples seen where it branches off", ylabel="critical batch size (examples)")
    if len(names) > 1 or critical["beyond"].any():
        right.legend()
    caption = (
        f"Left: by how much the {plain(asked.y)} of branches with larger batches lies above that of the run that goes "
        "on as it was, after as many examples, with 95 % intervals over seeds; dashed is the tolerance, "
        f"{number(asked.tolerance)}. Right: the batch size at which it is reached."
    )
    data = as_data([({"part": "branch"}, shown), ({"part": "critical"}, critical)])
    return Drawn(figure, data, "Branches with larger batches", caption)


def _draw_rises(axes: Axes, branches: pd.DataFrame, asked: BatchBranchesBlock) -> pd.DataFrame:
    steps = np.sort(branches["growth_step"].unique())
    parts: list[pd.DataFrame] = []
    for step, hue in zip(steps, colours(steps), strict=True):
        rows = branches[(branches["growth_step"] == step) & (branches["rise"] <= _HIGHEST * asked.tolerance)]
        spread = rows[["low", "high"]].sub(rows["rise"], axis=0).abs().fillna(0.0).to_numpy().T
        axes.errorbar(
            rows["batch_size"], rows["rise"], yerr=spread, color=hue, marker="o", ms=3, lw=0.9, elinewidth=0.8,
            label=f"{step:,}",
        )  # fmt: skip
        parts.append(rows)
    axes.axhline(asked.tolerance, color=BLACK, lw=0.8, ls="--")
    axes.legend(title="branches off at step")
    log_axis(axes, "x", branches["batch_size"])
    axes.set_xlabel("batch size of the branch (examples)")
    return pd.concat(parts)


def _draw_critical(axes: Axes, rows: pd.DataFrame, place: int, name: str) -> None:
    hue, marker = PALETTE[place % len(PALETTE)], MARKERS[place % len(MARKERS)]
    known, beyond = rows[~rows["beyond"]], rows[rows["beyond"]]
    spread = known[["low", "high"]].sub(known["critical_batch"], axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(
        known["samples"], known["critical_batch"], yerr=spread, color=hue, marker=marker, ms=4, lw=1.0, elinewidth=0.8,
        label=name or "measured",
    )  # fmt: skip
    if len(beyond):
        axes.plot(beyond["samples"], beyond["critical_batch"], ls="none", marker="^", mfc="none", mec=hue, ms=6,
                  label=f"{name}: above" if name else "above what was tried")  # fmt: skip


figure = Kind(draw, "batch_branches", {})
