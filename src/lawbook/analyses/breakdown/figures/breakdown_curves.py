"""`breakdown_curves`: for each cause found, the curves of one case, beside the power law of its smaller sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.breakdown.block import BreakdownBlock
from lawbook.analyses.breakdown.words import cause_name
from lawbook.errors import LawbookError
from lawbook.laws.breakdown import CAUSES
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, GREY, PALETTE, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_BELOW = 4.0
"""How many times smaller than the lowest test loss a training loss may be and is still drawn."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a panel for each cause found: test loss at the end and at half of the steps, and training loss."""
    asked, found = analysis_shown(block, "breakdown", results, content)
    cases, points = found.table("cases"), found.table("points")
    causes = [cause for cause in CAUSES if (cases["found"] == cause).any()]
    if not causes:
        raise LawbookError(f"figure {block.kind}: no case is decided; see the table cases")
    rows = -(-len(causes) // 3)
    figure = new_figure(DOUBLE, 0.5 + 2.1 * rows)
    panels = figure.subplots(rows, min(3, len(causes)), squeeze=False).ravel()
    shown = []
    for axes, cause in zip(panels, causes, strict=False):
        case = _example(cases[cases["found"] == cause])
        curve = points[points["case"] == case]
        _draw_case(axes, asked, curve, cases[cases["case"] == case].iloc[0])
        axes.set_title(f"{cause_name(cause)} ({case_name(case)})" if case else cause_name(cause))
        axes.set_xlabel(label(asked.x, content))
        shown.append(({"found": cause}, curve))
    for axes in panels[len(causes) :]:
        axes.set_visible(False)
    for axes in panels[:: min(3, len(causes))]:
        axes.set_ylabel("loss over that\nat the smallest size")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    text = (
        f"One case of each cause found: {plain(asked.y)} at the end of training, at half of its steps, the lowest on "
        "the way, and the loss on the training examples, means over seeds with standard errors; grey: the power law of "
        f"the smaller half of the sizes. A training loss more than {_BELOW:g} times below all test losses is not shown."
    )
    return Drawn(figure, as_data(shown), "Curves of one case of each cause", text)


def _example(cases: pd.DataFrame) -> str:
    """Return the case whose bend is the middle one, of those that were found rightly if there are some."""
    right = cases[cases["found"] == cases["planted"]]
    chosen = (right if len(right) else cases).sort_values("bend")
    return str(chosen["case"].iloc[len(chosen) // 2])


def _draw_case(axes: Axes, asked: BreakdownBlock, curve: pd.DataFrame, case: pd.Series) -> None:
    x, unit = curve["x"].to_numpy(dtype=float), float(curve["y"].iloc[0])
    y, error = curve["y"].to_numpy(dtype=float) / unit, curve["error"].to_numpy(dtype=float)
    half = len(x) - len(x) // 2
    log_x = np.log(x)
    level = np.log(y[:half]).mean() - case["early"] * log_x[:half].mean()
    axes.plot(
        x, np.exp(level + case["early"] * log_x), color=GREY, lw=0.9, ls="--", label="law of smaller sizes"
    )
    ends = y * np.exp(np.array([[-1], [1]]) * error) - y
    axes.errorbar(
        x,
        y,
        yerr=np.abs(ends),
        color=PALETTE[0],
        marker="o",
        ms=3.5,
        lw=1.1,
        elinewidth=0.8,
        label="test",
    )
    before = curve["before"].to_numpy(dtype=float) / unit
    axes.plot(x, before, color=PALETTE[4], marker="^", ms=2.5, lw=0.8, ls=":", label="test, half the steps")
    least = curve["least"].to_numpy(dtype=float) / unit
    axes.plot(
        x,
        least,
        color=PALETTE[2],
        marker="v",
        ms=2.5,
        lw=0.8,
        ls=(0, (5, 1)),
        label="lowest test loss",
    )
    train = curve["train"].to_numpy(dtype=float) / unit
    train = np.where(train > y.min() / _BELOW, train, np.nan)
    axes.plot(x, train, color=PALETTE[1], marker="s", ms=2.5, lw=0.8, ls="-.", label="train")
    log_axis(axes, "x", x)
    log_axis(axes, "y", y)


figure = Kind(draw, "breakdown", {})
