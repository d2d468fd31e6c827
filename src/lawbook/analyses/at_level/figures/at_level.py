"""`at_level`: what is read where a metric reaches a level, over x, a panel for each metric that is read."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.at_level.answer import given, reached
from lawbook.analyses.at_level.block import AtLevelBlock
from lawbook.errors import LawbookError, suggest
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data, plain_means
from lawbook.report.style import DOUBLE, GREY, MARKERS, PALETTE, SINGLE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import of_sweep, where
from lawbook.results.words import label, number, plain
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

MOST = 3
"""Panels side by side that can still be read."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw each run as a dot, and means over repeats with 95 % intervals; of `beside` the means of a column."""
    asked, found = analysis_shown(block, "at_level", results, content)
    values, means = found.table("values"), found.table("means")
    if asked.x is None:
        raise LawbookError(f"figure {block.kind}: the analysis has no x; name an axis there")
    if values["y"].isna().all():
        raise LawbookError(f"figure {block.kind}: no run reaches the level; see the table values")
    shown = asked.read[:MOST]
    beside = _beside(block, asked, results)
    figure = new_figure(DOUBLE if len(shown) > 1 else SINGLE + 1.3, 3.2)
    panels = figure.subplots(1, len(shown), squeeze=False)[0]
    for axes, metric in zip(panels, shown, strict=True):
        rows = values[(values["metric"] == metric) & values["y"].notna()]
        axes.plot(rows["x"], rows["y"], color=PALETTE[0], ls="none", marker="o", ms=2.5, alpha=0.35, mew=0)
        _bars(axes, means[(means["metric"] == metric) & means["y"].notna()], 0, f"where {reached(asked)}")
        if len(beside):
            _bars(axes, beside, 1, f"{plain(block.options['beside'])}, of all steps")
        log_axis(axes, "x", values["x"])
        axes.set(xlabel=label(asked.x), ylabel=given(asked, metric))
        if asked.give == "growth":
            axes.axhline(1, color=GREY, lw=0.8, ls="--")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=1)
    data = as_data([({"part": "run"}, values), ({"part": "mean"}, means), ({"part": "beside"}, beside)])
    name = plain(block.of or next(iter(content.analyses.of("at_level"))))
    return Drawn(figure, data, f"At the same level: {name}", _caption(asked, means, beside))


def _beside(block: FigureBlock, asked: AtLevelBlock, results: Results) -> pd.DataFrame:
    """Return the means of the column of the runs that is drawn beside, none where none is asked for."""
    column = block.options.get("beside")
    if column is None:
        return pd.DataFrame(columns=["x", "y", "low", "high"])
    runs = results.runs
    numbers = [str(c) for c in runs if pd.api.types.is_numeric_dtype(runs[c])]
    if column not in numbers:
        raise LawbookError(f"figure {block.kind}: beside = {column!r}; {suggest(str(column), numbers)}")
    rows = where(of_sweep(runs, asked.sweep), asked.where)
    return plain_means(rows[rows["status"] != RunStatus.DIVERGED], str(column), str(asked.x))


def _bars(axes: Axes, means: pd.DataFrame, place: int, told: str) -> None:
    spread = means[["low", "high"]].astype(float).sub(means["y"], axis=0).abs().fillna(0.0).to_numpy().T
    axes.errorbar(
        means["x"], means["y"], yerr=spread, color=PALETTE[place], marker=MARKERS[place], ms=4, lw=0.9,
        elinewidth=0.8, capsize=1.5, label=told,
    )  # fmt: skip


def _caption(asked: AtLevelBlock, means: pd.DataFrame, beside: pd.DataFrame) -> str:
    text = (
        f"What is read of each run where {reached(asked)}, linearly between evaluations: dots are runs, marks "
        "means over independent repeats with 95 % intervals"
    )
    one = means[means["metric"] == asked.read[0]]
    lacking = int((one["n_runs"] - one["n_reached"]).sum())
    if lacking:
        text += f"; {number(lacking)} of {number(one['n_runs'].sum())} runs do not reach it, or were not measured there"
    return text + ("; squares: the column of the runs, which have taken equal steps." if len(beside) else ".")


figure = Kind(
    draw,
    "at_level",
    {"beside": "A column of the runs whose means are drawn beside, such as the same at equal steps."},
)
