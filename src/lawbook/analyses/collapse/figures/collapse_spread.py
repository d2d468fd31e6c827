"""`collapse_spread`: what parts the sizes on each ladder t* ∝ N^γ, and the exponent at which it is least."""

from __future__ import annotations

import pandas as pd

from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import MARKERS, PALETTE, SINGLE, log_axis, new_figure
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, measured, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the spread over γ of each case with its interval, that of the exact curves, and the least of each."""
    asked, found = analysis_shown(block, "collapse", results, content)
    spreads, exponents = found.table("spreads"), found.table("exponents")
    if spreads.empty:
        raise LawbookError(f"figure {block.kind}: each size has one training alone, which tries no exponent")
    figure = new_figure(1.5 * SINGLE, 3.2)
    axes = figure.subplots()
    told = []
    for i, (case, rows) in enumerate(spreads.groupby("case", sort=False)):
        hue, name = PALETTE[i % len(PALETTE)], case_name(str(case)) or "all runs"
        row = exponents[exponents["case"] == case].iloc[0]
        axes.fill_between(rows["exponent"], rows["low"], rows["high"], color=hue, alpha=0.15, lw=0)
        axes.plot(rows["exponent"], rows["spread"], color=hue, label=name)
        if rows["exact"].notna().any():
            axes.plot(rows["exponent"], rows["exact"], color=hue, ls=":", lw=1.0)
        if pd.notna(row["exponent"]):
            axes.plot(row["exponent"], row["spread"], MARKERS[i % len(MARKERS)], color=hue, ms=5)
            told.append(f"{measured(row['exponent'], row['low'], row['high'])} at {name}")
            if pd.notna(row["exact"]):
                told[-1] += f" (exact {number(row['exact'])})"
    log_axis(axes, "y", spreads.loc[spreads["spread"] > 0, "spread"])
    shares = enumerate_words(number(share) for share in asked.share)
    axes.set(xlabel="exponent γ of t* ∝ N^γ", ylabel=f"spread between sizes at x = {shares}")
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=1)
    name = plain(block.of or next(iter(content.analyses.of("collapse"))))
    exact = ", dotted that of the exact curves" if spreads["exact"].notna().any() else ""
    caption = (
        "The standard deviation over sizes of ℓ over its mean, with its 95 % interval over seeds"
        f"{exact}. It is least at γ = {'; '.join(told) or 'none'}."
    )
    return Drawn(figure, as_data([({}, spreads)]), f"The exponent of the collapse: {name}", caption)


figure = Kind(draw, "collapse", {})
