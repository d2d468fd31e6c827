"""`rank_frequency`: sizes of clusters over their rank, at every k, with the envelope and its slope."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses.text_quanta.section import score
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.style import BLACK, GREY, PALETTE, SINGLE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import measured, number
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the sizes at each k, their largest at each rank, and the line that was fitted to these."""
    asked, found = analysis_shown(block, "text_quanta", results, content)
    sizes = found.table("sizes")
    sizes = sizes[sizes["seed"] == 0]
    slope = score(found.table("scores"), "rank_slope", "envelope")
    envelope = sizes.groupby("rank")["size"].max()
    fitted = envelope.loc[: int(slope["n"])]
    ranks = fitted.index.to_numpy(dtype=float)
    line = ranks ** slope["estimate"]
    line *= np.exp(np.log(fitted.to_numpy(dtype=float) / line).mean())

    figure = new_figure(SINGLE + 0.6, 2.9)
    axes = figure.subplots()
    for k in sorted(asked.clusters):
        mine, shown = sizes[sizes["k"] == k], k == asked.k
        colour, width = (PALETTE[0], 1.4) if shown else (GREY, 0.7)
        axes.plot(mine["rank"], mine["size"], color=colour, lw=width, label="k shown" if shown else None)
    axes.plot(envelope.index, envelope, "o", color=PALETTE[1], ms=2.2, label="largest over k")
    axes.plot(ranks, line, color=BLACK, ls="--", lw=1, label=f"slope {number(slope['estimate'])}")
    log_axis(axes, "x", sizes["rank"])
    log_axis(axes, "y", sizes["size"])
    axes.set_xlabel("rank of the cluster")
    axes.set_ylabel("size (tokens)")
    axes.legend()
    told = measured(slope["estimate"], slope["low"], slope["high"])
    data = pd.concat(
        [sizes[["k", "rank", "size"]], envelope.rename("size").reset_index().assign(k="largest")],
        ignore_index=True,
    )
    return Drawn(
        figure,
        data,
        "Sizes of quanta over their rank",
        f"Slope of the largest sizes over ranks 1 to {number(slope['n'])}: {told}, least squares in logarithms; the "
        "interval resamples tokens within the clusters and says nothing of clusters that are wrong.",
    )


figure = Kind(draw, "text_quanta", {})
