"""`exponent_ladder`: the exponent of the best size on each rung, with its interval and what was published."""

from __future__ import annotations

import numpy as np

from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, GREY, PALETTE, SINGLE, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, label, plain, span
from lawbook.storage.status import FitStatus
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw a forest of the exponents, the first rung on top, and claims' numbers as open marks."""
    asked, found = analysis_shown(block, "exponent_ladder", results, content)
    rungs = found.table("rungs")
    known = rungs[rungs["status"] == FitStatus.OK]
    if known.empty:
        raise LawbookError(f"figure {block.kind}: no rung has an exponent; see the table rungs")
    at = np.flatnonzero(rungs["status"] == FitStatus.OK)
    figure = new_figure(SINGLE + 2.2, 0.8 + 0.38 * len(rungs))
    axes = figure.subplots()
    axes.plot(known["exponent"], at, color=GREY, lw=0.8, zorder=1)
    value, low, high = known[["exponent", "low", "high"]].to_numpy(dtype=float).T
    spread = np.nan_to_num(np.maximum([value - low, high - value], 0))
    axes.errorbar(
        value, at, xerr=spread, color=PALETTE[0], marker="o", ls="none", capsize=3, label="measured, 95 %"
    )
    names, published = rungs["rung"].tolist(), _published(content, block.of)
    told = [(number, names.index(rung)) for rung, number in published if rung in names]
    if told:
        x, y = np.array(told).T
        axes.plot(x, y + 0.28, marker="d", mfc="white", mec=BLACK, ls="none", ms=4.5, label="published")
    axes.set_yticks(range(len(names)), [plain(name) for name in names])
    axes.set_ylim(len(names) - 0.4, -0.5)
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"exponent of the best {label(asked.n)} in compute")
    figure.legend(loc="outside lower center", ncols=2)
    refused = [plain(name) for name in rungs.loc[rungs["status"] != FitStatus.OK, "rung"]]
    caption = (
        "Exponent of the best size in compute on one kind of runs after another, with 95 % intervals, over "
        f"{span(known['compute_low'].min(), known['compute_high'].max())} FLOPs at most."
    )
    caption += f" Refused, and not shown: {enumerate_words(refused)}." if refused else ""
    return Drawn(
        figure, as_data([({"part": "rung"}, rungs.drop(columns="notes"))]), "A ladder of exponents", caption
    )


def _published(content: StudyFile, ladder: str | None) -> list[tuple[str, float]]:
    """Return rung and number of each published exponent that a claim of the study names."""
    return [
        (str(claim.options["rung"]), claim.expected)
        for claim in content.claims
        if claim.quantity == "ladder_exponent" and claim.origin == "published" and claim.expected is not None
        and "less" not in claim.options and claim.analysis in (None, ladder)
    ]  # fmt: skip


figure = Kind(draw, "exponent_ladder", {})
