"""`loss_curves`: loss against step, per value of the axis that a sweep varies."""

from __future__ import annotations

import pandas as pd

from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._series import WHERE, as_data, chosen_runs, make_lines, repeats_text
from lawbook.report.style import DOUBLE, SINGLE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.selection import varying_axes
from lawbook.results.words import label
from lawbook.storage.columns import SPLITS
from lawbook.storage.status import RunStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the median over seeds, and the range from the best seed to the worst, on logarithmic axes."""
    runs, sweep = chosen_runs(block, results, content)
    metric = str(block.options.get("metric", "loss"))
    axes_varied = varying_axes(runs, content, sweep)
    lines, held = make_lines(runs, axes_varied)
    wanted = (results.curves["metric"] == metric) & (results.curves["step"] > 0)
    curves = results.curves[wanted & results.curves["value"].gt(0)]
    splits = [s for s in SPLITS if s in set(curves["split"])]

    figure = new_figure(DOUBLE if len(splits) > 1 else SINGLE + 1.1, 2.9)
    grid = figure.subplots(1, max(len(splits), 1), sharey=True, squeeze=False)[0]
    parts = []
    for axes, split in zip(grid, splits, strict=False):
        of_split = curves[curves["split"] == split]
        for line in lines:
            mine = of_split[of_split["run_id"].isin(line.runs["run_id"])].groupby("step")["value"]
            drawn = pd.DataFrame(
                {"y": mine.median(), "low": mine.min(), "high": mine.max(), "n": mine.size()}
            )
            drawn = drawn.rename_axis("x").reset_index()
            axes.plot(drawn["x"], drawn["y"], color=line.colour, label=line.label)
            axes.fill_between(drawn["x"], drawn["low"], drawn["high"], color=line.colour, alpha=0.15, lw=0)
            parts.append(({"split": split, "line": line.label}, drawn))
        axes.set_title(split)
        axes.set_xlabel(label("step"))
        log_axis(axes, "x", of_split["step"])
    shown = pd.concat([part[["low", "high"]] for _, part in parts]) if parts else pd.DataFrame({"low": []})
    for axes in grid[:1]:
        log_axis(axes, "y", shown.to_numpy(dtype=float).ravel())
        axes.set_ylabel(label(metric, content))
    if parts and any(line.label for line in lines):
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper")
    about = f"Median over seeds, and the range from lowest to highest ({repeats_text(runs)})."
    diverged = (runs["status"] == RunStatus.DIVERGED).any()
    about += " A diverged run counts up to the step before." if diverged else ""
    return Drawn(
        figure,
        as_data(parts),
        f"Training curves of {metric}",
        about + (f" Held fixed: {held}." if held else ""),
    )


figure = Kind(draw, "sweep", {"metric": "loss or error.", **WHERE})
