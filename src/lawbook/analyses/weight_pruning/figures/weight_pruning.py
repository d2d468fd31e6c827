"""`weight_pruning`: error after retraining over density and temperature, with the regime of each."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Patch

from lawbook.analyses.weight_pruning.block import REGIMES
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, DOUBLE, label_bar, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

HATCHES = {"I": "xxx", "II-A": "...", "II-B": ""}


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a cell per density and temperature, one panel per case."""
    asked, found = analysis_shown(block, "weight_pruning", results, content)
    table = found.table("regimes")
    cases = list(dict.fromkeys(table["case"]))
    figure = new_figure(DOUBLE, 2.9)
    panels = figure.subplots(1, max(1, len(cases)), sharey=True, squeeze=False)[0]
    known = table["retrained_error"].dropna()
    norm: Normalize = LogNorm(known.min(), known.max()) if len(known) and known.min() > 0 else Normalize()
    mesh = None
    for axes, case in zip(panels, cases, strict=False):
        mesh = _draw_case(axes, table[table["case"] == case], norm)
        axes.set_title(case_name(case) or "all runs", fontsize="small")
        axes.set_xlabel("density (share of weights)")
    panels[0].set_ylabel(label(asked.temperature, content))
    if mesh is not None:
        label_bar(figure.colorbar(mesh, ax=list(panels)), known, "test error, retrained")
    handles = [
        Patch(facecolor="white", edgecolor=BLACK, hatch=HATCHES[name], label=f"{name}: {told}")
        for name, told in zip(
            REGIMES, ("not connected", "connected, dissimilar", "connected, similar"), strict=True
        )
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    text = (
        f"Networks without the weights of least {plain(asked.scores[0])}, after {number(asked.steps)} steps of "
        f"retraining: the mean test error over {plain(asked.temperature)} and density. Regime by the training error "
        f"half-way between two retrained copies (connected: at most {number(asked.connected)} above their mean) and by "
        f"the centred kernel alignment of their outputs (similar: from {number(asked.similar)} on)."
    )
    return Drawn(
        figure,
        as_data([({"part": "regimes"}, table)]),
        f"Regimes of pruning: {plain(block.of or 'runs')}",
        text,
    )


def _draw_case(axes: Axes, rows: pd.DataFrame, norm: Normalize) -> QuadMesh:
    temperatures, densities = (sorted(rows[name].unique()) for name in ("temperature", "density"))
    grid = rows.set_index(["temperature", "density"])
    values = grid["retrained_error"].reindex(list(product(temperatures, densities))).to_numpy(dtype=float)
    shape = len(temperatures), len(densities)
    mesh = axes.pcolormesh(values.reshape(shape), norm=norm, cmap="viridis_r", edgecolors="white", lw=0.6)
    for row in rows.to_dict("records"):
        x, y = densities.index(row["density"]), temperatures.index(row["temperature"])
        axes.fill_between(
            [x, x + 1],
            y,
            y + 1,
            facecolor="none",
            edgecolor=BLACK,
            hatch=HATCHES[row["regime"]],
            lw=0,
            alpha=0.35,
        )
        dark = norm(row["retrained_error"]) > 0.55
        text = f"{row['retrained_error']:.2f}"
        axes.text(
            x + 0.5, y + 0.5, text, ha="center", va="center", fontsize=6, color="white" if dark else BLACK
        )
    axes.set_xticks(np.arange(shape[1]) + 0.5, [f"{one:g}" for one in densities])
    axes.set_yticks(np.arange(shape[0]) + 0.5, [f"{one:g}" for one in temperatures])
    axes.tick_params(length=0)
    return mesh


figure = Kind(draw, "weight_pruning", {})
