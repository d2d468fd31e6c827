"""`breakdown`: how many cases of each planted cause were found to break for which cause."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.patches import Rectangle

from lawbook.analyses.breakdown.compute import FOUND
from lawbook.analyses.breakdown.words import cause_name
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.style import BLACK, DOUBLE, GREY, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import count, plain
from lawbook.storage.status import UNDECIDED
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the counts of the table confusion, a row for each planted cause, one row where none is known."""
    _, found = analysis_shown(block, "breakdown", results, content)
    table = found.table("confusion")
    planted = list(dict.fromkeys(table["planted"]))
    counts = table["n_cases"].to_numpy(dtype=float).reshape(len(planted), len(FOUND))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = new_figure(DOUBLE, 1.5 + 0.34 * len(planted))
    axes = figure.subplots()
    axes.imshow(shares, cmap=colormaps["Blues"], vmin=0, vmax=1.25, aspect="auto")
    for (i, j), n in np.ndenumerate(counts):
        if n:
            axes.text(
                j, i, f"{n:.0f}", ha="center", va="center", color="white" if shares[i, j] > 0.6 else BLACK
            )
        if planted[i] == FOUND[j]:
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=BLACK, lw=1))
    axes.axvline(len(FOUND) - 1.5, color=GREY, lw=0.8)
    axes.set_xticks(range(len(FOUND)), [cause_name(cause).replace(" ", "\n") for cause in FOUND])
    axes.set_yticks(range(len(planted)), [cause_name(cause) if cause else "all cases" for cause in planted])
    axes.tick_params(length=0)
    axes.grid(visible=False, which="both")
    axes.set_xlabel("cause found")
    known = planted != [None]
    if known:
        axes.set_ylabel("cause planted")
    title = f"Why the power law breaks: {plain(block.of or 'cases')}"
    return Drawn(figure, table, title, _caption(found.table("cases"), known))


def _caption(cases: pd.DataFrame, known: bool) -> str:
    decided = cases[cases["found"] != UNDECIDED]
    told = f"{len(decided)} of {count(len(cases), 'case')} decided"
    text = f"Number of cases by the cause found from their curves alone: {told}"
    if not known:
        return f"{text}."
    wrong = int((decided["found"] != decided["planted"]).sum())
    return f"{text}, {wrong} of them wrong. Framed: the cause that was planted. Colour: share of a row."


figure = Kind(draw, "breakdown", {})
