"""`symmetry_collapse`: curves of settings far apart, with and without what follows by symmetry, and what parts them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.symmetries.words import kept_groups, reduced_of, symbol_of
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, GREY, colours, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the reduced curves of unscaled and of rescaled runs, and the deviations of the latter from their mean."""
    asked, found = analysis_shown(block, "symmetries", results, content)
    summary, curves, exponents = (
        found.table("summary").iloc[0],
        found.table("curves"),
        found.table("exponents"),
    )
    rescaled, unscaled = (curves[curves["part"] == part] for part in ("rescaled", "unscaled"))
    if rescaled.empty:
        raise LawbookError(f"figure {block.kind}: no curves are rescaled; name a sweep under rescaled")
    figure = new_figure(DOUBLE, 2.9)
    panels = list(figure.subplots(1, 2 + bool(len(unscaled))))
    reduced = reduced_of(asked, exponents)
    first = enumerate_words(symbol_of(asked, name) for name in exponents["symmetry"].unique())
    if len(unscaled):
        axes = panels.pop(0)
        _draw_lines(axes, unscaled)
        axes.set_title(f"{first} alone vary")
        axes.set_ylabel(reduced)
    middle, last = panels
    _draw_dots(middle, rescaled)
    middle.set_title("all follow the symmetry")
    if unscaled.empty:
        middle.set_ylabel(reduced)
    _draw_ratios(last, rescaled)
    shown = curves["reduced"]
    for axes in figure.axes:
        axes.set_xlabel(label("step"))
        log_axis(axes, "x", curves["step"])
        if axes is not last:
            log_axis(axes, "y", shown)
            axes.set_ylim(0.8 * shown.min(), 1.25 * shown.max())
    last.set_title("what is left")
    last.set_ylabel("ratio to the mean − 1")
    name = plain(block.of or next(iter(content.analyses.of("symmetries"))))
    groups = enumerate_words(kept_groups(asked, found.table("groups"))) or "nothing"
    caption = (
        f"{count(rescaled['run_id'].nunique(), 'run')} in which {first} and all that follows them differ, and "
        f"{groups} agree: {reduced} is one curve for each seed, grey, on which each dot is of another run; they "
        f"differ by {number(summary['deviation'], 2)} of themselves at most."
    )
    return Drawn(figure, as_data([({}, curves)]), f"Curves that a symmetry makes one: {name}", caption)


def _draw_lines(axes: Axes, rows: pd.DataFrame) -> None:
    for (_, run), hue in zip(
        rows.groupby("run_id", sort=False), colours(range(rows["run_id"].nunique())), strict=True
    ):
        axes.plot(run["step"], run["reduced"], color=hue, lw=0.8)


def _draw_dots(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw the mean of each class as a line, and of each run some dots, so that all runs are seen."""
    for _, part in rows.groupby("class"):
        mean = np.exp(np.log(part["reduced"]).groupby(part["step"]).mean())
        axes.plot(mean.index, mean, color=GREY, lw=1.6, zorder=1)
        runs = list(part.groupby("run_id", sort=False))
        for i, ((_, run), hue) in enumerate(zip(runs, colours(range(len(runs))), strict=True)):
            some = run.iloc[i % len(run) :: max(1, len(run) // 2)]
            axes.plot(some["step"], some["reduced"], "o", color=hue, ms=3, zorder=2)


def _draw_ratios(axes: Axes, rows: pd.DataFrame) -> None:
    for (_, run), hue in zip(
        rows.groupby("run_id", sort=False), colours(range(rows["run_id"].nunique())), strict=True
    ):
        axes.plot(run["step"], run["ratio"] - 1, ".", color=hue, ms=3)
    axes.axhline(0.0, color=GREY, lw=0.8)


figure = Kind(draw, "symmetries", {})
