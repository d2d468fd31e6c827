"""`collapse_deviation`: what parts normalised curves, Δ, and what parts the seeds of one size, σ, over training."""

from __future__ import annotations

import numpy as np

from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, GREY, PALETTE, legend_columns, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw Δ and σ over the share of training for each case; beside them their ratio with its interval."""
    _, found = analysis_shown(block, "collapse", results, content)
    table = found.table("deviations")
    if table["sigma"].isna().all():
        raise LawbookError(f"figure {block.kind}: no case has two seeds, by which σ is known")
    figure = new_figure(DOUBLE, 3.0)
    left, right = figure.subplots(1, 2)
    for i, (case, rows) in enumerate(table.groupby("case", sort=False)):
        hue = PALETTE[i % len(PALETTE)]
        name = case_name(str(case)) or "all runs"
        left.plot(rows["share"], rows["delta"], color=hue, label=f"Δ, {name}")
        left.plot(rows["share"], rows["sigma"], color=hue, ls="--", lw=1.0, label=f"σ, {name}")
        if rows["exact"].notna().any():
            left.plot(
                rows["share"], rows["exact"], color=hue, ls=":", lw=0.9, label=f"Δ without noise, {name}"
            )
        right.fill_between(rows["share"], rows["ratio_low"], rows["ratio_high"], color=hue, alpha=0.2, lw=0)
        right.plot(rows["share"], rows["ratio"], color=hue)
    right.axhline(1, color=GREY, lw=0.8, ls=":")
    shown = table[["delta", "sigma"]].to_numpy(dtype=float)
    log_axis(left, "y", shown[np.isfinite(shown) & (shown > 0)])
    ratios = table[["ratio", "ratio_low", "ratio_high"]].to_numpy(dtype=float)
    log_axis(right, "y", ratios[np.isfinite(ratios) & (ratios > 0)])
    left.set(xlabel="share of training x", ylabel="relative deviation")
    right.set(xlabel="share of training x", ylabel="Δ / σ")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=legend_columns(labels))
    name = plain(block.of or next(iter(content.analyses.of("collapse"))))
    caption = (
        "Δ, the standard deviation over sizes and seeds of ℓ over its mean (full), and σ, that over the seeds of one "
        "size of L − L₀ (dashed), over the share of training. Right: their ratio, with its 95 % interval over seeds; "
        "below 1 curves of other sizes lie closer than those of other seeds."
    )
    return Drawn(figure, as_data([({}, table)]), f"What parts the curves: {name}", caption)


figure = Kind(draw, "collapse", {})
