"""`remaining_weights`: test error against the parameters that remain, by score and by size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.laws.repeats import mean_interval
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, MARKERS, colours, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

RETRAINED = "retrained"


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw means over repeats and temperatures with their intervals: a panel per score, and one after retraining."""
    asked, found = analysis_shown(block, "weight_pruning", results, content)
    table = found.table("pruned")
    shown = {score: table[table["score"] == score] for score in asked.scores}
    first = shown[asked.scores[0]]
    shown[f"{asked.scores[0]}, retrained"] = first.assign(error=first["retrained_error"])
    cases = list(dict.fromkeys(table["case"]))
    figure = new_figure(DOUBLE, 2.6)
    panels = figure.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
    parts = []
    for axes, (name, rows) in zip(panels, shown.items(), strict=True):
        for i, (case, hue) in enumerate(zip(cases, colours(np.arange(len(cases))), strict=True)):
            means = _means(rows[rows["case"] == case])
            spread = np.nan_to_num(np.stack([means["error"] - means["low"], means["high"] - means["error"]]))
            axes.errorbar(means["remaining"], means["error"], yerr=spread, color=hue, marker=MARKERS[i % len(MARKERS)],
                          ms=3, lw=1.0, elinewidth=0.7, label=case_name(case) or "all runs")  # fmt: skip
            parts.append(({"part": name, "case": case}, means))
        axes.set_title(plain(name), fontsize="small")
        axes.set_xlabel("parameters that remain")
    log_axis(panels[0], "x", table["remaining"])
    log_axis(panels[0], "y", table["error"][table["error"] > 0])
    panels[0].set_ylabel("test error")
    panels[-1].legend()
    text = (
        "Test error of networks pruned by each score against the parameters that remain, means over repeats and "
        f"temperatures with 95 % intervals over repeats; on the right after {asked.steps} steps of retraining."
    )
    return Drawn(figure, as_data(parts), f"Error against what remains: {plain(block.of or 'runs')}", text)


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return per number of remaining parameters the mean error and the ends of its interval."""
    each = rows.groupby(["remaining", "repeat"])["error"].mean()
    found = [(remaining, *mean_interval(part)) for remaining, part in each.groupby(level=0)]
    return pd.DataFrame(found, columns=["remaining", "error", "low", "high"])


figure = Kind(draw, "weight_pruning", {})
