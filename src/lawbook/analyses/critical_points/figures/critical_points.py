"""`critical_points`: loss and error of critical points against their index."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from lawbook.laws.repeats import mean_interval
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, GREY, PALETTE, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

BINS = 8
OF_MEANS = "lines are means over points of near index, with 95 % intervals over seeds"
NAMES = {"loss": "loss with weight decay", "error": "training error"}


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw loss, and error where there are classes, over the index; rings are points that theory knows."""
    _, tables = analysis_shown(block, "critical_points", results, content)
    points = tables.table("points")
    columns = [column for column in NAMES if points[column].notna().any()]
    figure = new_figure(DOUBLE if len(columns) > 1 else DOUBLE * 0.65, 3.1)
    panels = np.atleast_1d(figure.subplots(1, len(columns)))
    means = [
        ({"part": f"mean {column}"}, _draw(axes, points, column))
        for axes, column in zip(panels, columns, strict=True)
    ]
    panels[0].legend()
    found, known = points[points["found"]], points["known_loss"].notna().any()
    caption = (
        f"Critical points of networks with {number(points['n_params'].iloc[0])} weights, by the share of the Hessian's "
        f"eigenvalues that are negative. {number(len(found))} of {number(len(points))} starts end at one; "
        + ("rings are the critical points that theory knows." if known else f"{OF_MEANS}.")
    )  # fmt: skip
    data = as_data([({"part": "points"}, points), *means])
    return Drawn(figure, data, f"Critical points: {plain(block.of or 'networks')}", caption)


def _draw(axes: Axes, points: pd.DataFrame, column: str) -> pd.DataFrame:
    """Draw one panel; return the means that it shows."""
    found = points[points["found"]]
    lost = points[~points["found"]]
    known = found["known_loss"].notna()
    axes.plot(lost["index"], lost[column], "o", mfc="none", mec=GREY, ms=3, mew=0.5, alpha=0.5, zorder=1,
              label=f"gradient not 0 ({len(lost)})" if len(lost) else None)  # fmt: skip
    minima = found["negative"] == 0
    for which, hue, name in ((~minima, PALETTE[0], "saddle"), (minima, PALETTE[1], "minimum")):
        axes.plot(
            found["index"][which], found[column][which], "o", color=hue, ms=3.2, alpha=0.6, mew=0, label=name
        )
    means = pd.DataFrame()
    if known.any():
        size = found["n_params"].iloc[0]
        axes.plot(
            found["known_negative"] / size,
            found["known_loss"],
            "x",
            color=BLACK,
            ms=7,
            label="theory",
            zorder=3,
        )
    elif len(found):
        means = _means(found, column)
        spread = means[["low", "high"]].sub(means["mean"], axis=0).abs().fillna(0.0).to_numpy().T
        axes.errorbar(
            means["index"], means["mean"], yerr=spread, color=BLACK, lw=1.0, elinewidth=0.8, label="mean"
        )
    axes.set(xlabel="index: share of negative eigenvalues", ylabel=NAMES[column])
    if column == "error":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    return means


def _means(found: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return the mean over points of near index, of seeds in equal parts, with its interval over seeds."""
    rows = []
    for _, part in found.groupby(pd.qcut(found["index"], BINS, duplicates="drop"), observed=True):
        mean, low, high = mean_interval(part.groupby("seed")[column].mean())
        rows.append((part["index"].mean(), mean, low, high, len(part)))
    return pd.DataFrame(rows, columns=["index", "mean", "low", "high", "n"])


figure = Kind(draw, "critical_points", {})
