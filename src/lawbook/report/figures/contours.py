"""`contours`: a law of two inputs as a landscape over both, and the measured points in it by the same colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import LogNorm

from lawbook.errors import LawbookError
from lawbook.report.figures import Drawn, Kind
from lawbook.report.figures._law_series import Series, rows_of, series_of
from lawbook.report.figures._series import as_data
from lawbook.report.style import BLACK, SINGLE, label_bar, log_axis, new_figure
from lawbook.results.reader import Results
from lawbook.results.words import count, label, number, plain
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.law_block import LawBlock
from lawbook.studies.schema import StudyFile

_SIDE = 80
"""Places along each input at which the law is drawn."""
_LEVELS = 9
_ROOM = 1.15
"""Factor on the ends of the points to which the law is drawn, so that no dot lies on the frame."""


def draw(block: FigureBlock, results: Results, content: StudyFile) -> Drawn:
    """Draw lines of equal y, by the first form that stands, over both inputs, and the points in the same colours.

    Raises LawbookError for a law of other than two inputs, and for one with groups.
    """
    name = block.of or next(iter(content.laws))
    law = content.laws[name]
    if len(law.measured) != 2 or len(law.inputs) != 2 or law.by:
        fix = "name a law of two inputs without groups"
        raise LawbookError(f"figure {block.kind}: {name!r} is no landscape over two inputs; {fix}")
    series = series_of(law, results.fits[results.fits["law"] == name])
    standing = next((one for one in series if not one.flaw), None)
    points = rows_of(results.points, standing or series[0], name)
    figure = new_figure(SINGLE + 1.6, 3.4)
    axes = figure.subplots()
    for which, column in (("x", "x"), ("y", "x2")):  # before the labels, whose room is that of this scale
        log_axis(axes, which, points[column])
    measured = points["y"].to_numpy(dtype=float)
    colours = LogNorm(measured.min(), measured.max())
    parts: list[tuple[dict[str, Any], pd.DataFrame]] = [({"part": "points"}, points[["x", "x2", "y"]])]
    if standing is not None:
        landscape = _landscape(law, standing, results, name, points)
        grid = (landscape[column].to_numpy().reshape(_SIDE, _SIDE) for column in ("x", "x2", "y"))
        levels = np.geomspace(measured.min(), measured.max(), _LEVELS)
        lines = axes.contour(*grid, levels=levels, norm=colours, linewidths=1.2)
        axes.clabel(lines, fmt=number, fontsize=6, colors=BLACK, inline_spacing=1)
        parts.append(({"part": "law", "form": standing.form}, landscape))
    dots = axes.scatter(
        points["x"], points["x2"], c=measured, norm=colours, s=22, edgecolors="white", lw=0.5, zorder=3
    )
    axes.set(xlabel=label(law.inputs[0], content), ylabel=label(law.inputs[1], content))
    label_bar(figure.colorbar(dots, ax=axes), measured, label(law.y, content, law.sweep))
    if standing is None:
        axes.set_title(series[0].flaw, fontsize=7)
    caption = f"Dots: {plain(law.y)} at {count(len(points), 'point')}, by colour. "
    caption += (
        "No form of this law stands, so that none is drawn."
        if standing is None
        else f"Lines: equal {plain(law.y)} by the {plain(standing.form)} law fitted to them, in the same colours; "
        "where the law is right, a dot has the colour of the lines beside it."
    )
    return Drawn(figure, as_data(parts), f"Contours of {plain(name)}", caption)


def _landscape(
    law: LawBlock, shown: Series, results: Results, name: str, points: pd.DataFrame
) -> pd.DataFrame:
    """Compute the fitted law over a grid around the points: columns x, x2, y."""
    form = law.form(shown.form)
    fits = rows_of(results.fits, shown, name).set_index("parameter")["estimate"]
    sides = (points[column].to_numpy(dtype=float) for column in ("x", "x2"))
    around = [np.geomspace(side.min() / _ROOM, side.max() * _ROOM, _SIDE) for side in sides]
    at = np.stack([side.ravel() for side in np.meshgrid(*around)], axis=1)
    y = np.exp(form.log_predict(at, fits[list(form.parameters)].to_numpy(dtype=float)))
    return pd.DataFrame({"x": at[:, 0], "x2": at[:, 1], "y": y})


figure = Kind(draw, "law", {})
