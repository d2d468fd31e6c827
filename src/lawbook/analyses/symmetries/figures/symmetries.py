"""`symmetries`: the singular values of the derivatives with their gap, and the exponents of what is null."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lawbook.analyses.symmetries.block import SymmetriesBlock
from lawbook.analyses.symmetries.words import kept_groups, reduced_of, symbol_of
from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind, analysis_shown
from lawbook.report.figures._series import as_data
from lawbook.report.style import DOUBLE, GREY, MARKERS, PALETTE, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

_SMALLEST = 1e-17
"""Where a singular value of 0 is drawn."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw the singular values over the largest, and the exponents of each symmetry with their intervals."""
    asked, found = analysis_shown(block, "symmetries", results, content)
    summary, values, exponents = (
        found.table("summary").iloc[0],
        found.table("values"),
        found.table("exponents"),
    )
    if values.empty:
        raise LawbookError(f"figure {block.kind}: the search is refused; see the table summary")
    figure = new_figure(DOUBLE, 2.9)
    left, right = figure.subplots(1, 2)
    _draw_values(left, values, float(summary["bound"]))
    _draw_exponents(right, asked, exponents)
    name = plain(block.of or next(iter(content.analyses.of("symmetries"))))
    data = as_data([({"part": "values"}, values), ({"part": "exponents"}, exponents)])
    return Drawn(figure, data, f"Scaling symmetries: {name}", _caption(asked, summary, exponents, found))


def _draw_values(axes: Axes, values: pd.DataFrame, bound: float) -> None:
    drawn = values.assign(value=values["value"].clip(lower=_SMALLEST))
    for is_null, label, marker, hue in (
        (False, "not 0", MARKERS[0], PALETTE[0]),
        (True, "0 within the errors: a symmetry", MARKERS[1], PALETTE[1]),
    ):
        rows = drawn[drawn["is_null"] == is_null]
        if len(rows):
            axes.plot(rows["place"], rows["value"], marker, color=hue, ms=5, label=label)
    axes.axhline(bound, color=GREY, ls="--", lw=1.0, label="what the errors may move a value by")
    log_axis(axes, "y", [*drawn["value"], bound])
    axes.set_xticks(drawn["place"])
    axes.set(xlabel="place, from the smallest", ylabel="singular value over the largest")
    axes.legend(loc="best")


def _draw_exponents(axes: Axes, asked: SymmetriesBlock, exponents: pd.DataFrame) -> None:
    columns = [*asked.hyperparameters, asked.y]
    pivots = list(exponents["symmetry"].unique())
    axes.axvline(0.0, color=GREY, lw=0.8)
    for i, pivot in enumerate(pivots):
        rows = exponents[exponents["symmetry"] == pivot].set_index("of").loc[columns]
        height = np.arange(len(columns)) + 0.22 * (i - (len(pivots) - 1) / 2)
        ends = rows[["low", "high"]].sub(rows["value"], axis=0).abs().to_numpy(dtype=float).T
        axes.errorbar(
            rows["value"], height, xerr=ends, color=PALETTE[i % len(PALETTE)], marker=MARKERS[i % len(MARKERS)],
            ls="none", elinewidth=0.8, label=f"with {symbol_of(asked, pivot)}",
        )  # fmt: skip
    if not pivots:
        axes.text(0.5, 0.5, "no symmetry", transform=axes.transAxes, ha="center")
    else:
        axes.legend(loc="best")
    axes.set_yticks(np.arange(len(columns)), [symbol_of(asked, column) for column in columns])
    axes.set_ylim(len(columns) - 0.5, -0.5)
    axes.set(xlabel="exponent in the symmetry")


def _caption(asked: SymmetriesBlock, summary: pd.Series, exponents: pd.DataFrame, found: Results) -> str:
    n_points = number(summary["n_points"])
    told = f"Left: singular values of the logarithmic derivatives at {n_points} points, over the largest. "
    if exponents.empty:
        return f"{told}None is 0 within the errors: there is no scaling symmetry."
    groups = enumerate_words(kept_groups(asked, found.table("groups"))) or "the step"
    return (
        f"{told}Right: how each hyperparameter is rescaled with the first ones, and by which power of them the metric "
        f"changes, with 95 % intervals. {reduced_of(asked, exponents)} depends on {groups} alone."
    )


figure = Kind(draw, "symmetries", {})
