"""The texts of a figure, each wrapped or shortened to the room that it has, in fonts that have its characters."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from lawbook.report.wrapping import ELLIPSIS, fitted

PASSES = 3
"""Layouts: a label of two lines leaves its panel less room, and so the label of the other axis."""

SPARE = 0.97
"""Share of a room that is filled: widths of glyphs differ a little from resolution to resolution."""

BESIDE = 0.4
"""Share of a figure's width for a legend beside the panels, or for the names of categories."""

LABEL_LINES, ENTRY_LINES, FOOT_LINES = 2, 3, 6
"""Most lines of an axis label, of an entry of a legend beside or in a panel, and of one below the panels."""

TALL = 0.3
"""Share of a panel's height for its title, or for a text in it."""


@dataclass(frozen=True)
class _Place:
    """A text with its room: pixels along the text, and lines."""

    text: Text
    width: float
    lines: int


def fit_texts(figure: Figure) -> list[str]:
    """Wrap every text of a figure, or shorten it in the middle, to its room; return the whole of those shortened.

    Labels and titles have the length of their axis, entries of a legend that of where it stands, names of
    categories the way to the next. The figure grows by what a legend below its panels has beyond two lines.
    """
    renderer = FigureCanvasAgg(figure).get_renderer()
    height = figure.get_figheight()
    axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    names = {axis: found for axis in axes if (found := _categories(axis))}
    whole: dict[Text, str] = {}
    shortened: dict[object, list[str]] = {}
    before: list[object] = []
    for drawn in range(PASSES):
        for axis, found in names.items():
            shortened[axis] = _fit_categories(axis, found, renderer)
        for place in _places(figure, drawn > 0):
            if not (full := whole.setdefault(place.text, place.text.get_text())):
                continue
            shown = fitted(full, SPARE * place.width, place.lines, _width_of(place.text, renderer))
            place.text.set_text(shown)
            shortened[place.text] = [full] if shown.count(ELLIPSIS) > full.count(ELLIPSIS) else []
        if drawn:
            figure.set_figheight(height + _height_below(figure) / figure.dpi)
        labels = [label for axis in names for label in axis.get_ticklabels()]
        now = [figure.get_figheight(), *(text.get_text() for text in (*whole, *labels))]
        if now == before:
            break
        figure.draw_without_rendering()
        before = now
    return list(dict.fromkeys(full for each in shortened.values() for full in each))


def _places(figure: Figure, drawn: bool) -> Iterator[_Place]:
    """Yield the texts of a figure, but for the names of categories, with their rooms in its present layout.

    Where the legends stand is known once they are drawn: before, their entries get the least room.
    """
    for panel in figure.axes:
        box, cell = panel.bbox, _cell_height(panel)
        for text in panel.get_children():
            if isinstance(text, Text):
                yield _Place(text, box.width, _lines_in(text, TALL * cell))
        yield _Place(panel.xaxis.label, box.width, LABEL_LINES)
        yield _Place(panel.yaxis.label, box.height, LABEL_LINES)
        if (legend := panel.get_legend()) is not None:
            yield from _entries(legend, box.width, cell, ENTRY_LINES)
    for legend in figure.legends:
        if drawn and _is_below(legend):
            yield from _entries(legend, figure.bbox.width, math.inf, FOOT_LINES)
        else:
            yield from _entries(legend, BESIDE * figure.bbox.width, figure.bbox.height, ENTRY_LINES if drawn else 1)
    for text in figure.texts:
        yield _Place(text, figure.bbox.width, FOOT_LINES)


def _entries(legend: Legend, width: float, height: float, lines: int) -> Iterator[_Place]:
    """Yield the texts of a legend that may take this width and height."""
    texts, columns = legend.get_texts(), _columns(legend)
    for text in texts:
        em = text.get_fontsize() * _pixels(text)
        beside = width / columns - 4 * em  # of the handle and the blanks around both
        each = height / math.ceil(len(texts) / columns) - em / 2
        yield _Place(text, beside, min(lines, _lines_in(text, each)))


def _columns(legend: Legend) -> int:
    """Return in how many columns the entries of a legend stand, as it was drawn last."""
    return len({round(text.get_window_extent().x0) for text in legend.get_texts()}) or 1


def _is_below(legend: Legend) -> bool:
    """Tell whether a legend stands below all panels, as it was drawn last."""
    return legend.get_window_extent().y1 <= min(panel.bbox.y0 for panel in legend.figure.axes)


def _height_below(figure: Figure) -> float:
    """Return the height in pixels of legends below the panels, beyond the two lines that figures have room for."""
    heights = (
        legend.get_window_extent().height - 2 * _line_height(legend.get_texts()[0])
        for legend in figure.legends
        if legend.get_texts() and _is_below(legend)
    )
    return max(0.0, sum(heights))


def _cell_height(panel: Axes) -> float:
    """Return the height in pixels of a panel with its labels: that of its cell in the grid."""
    cell = panel.get_subplotspec()
    return panel.figure.bbox.height * (cell.get_position(panel.figure).height if cell else 1.0)


def _categories(axis: Axis) -> list[str]:
    """Return the names at the ticks of an axis, none where numbers stand there."""
    if not isinstance(axis.get_major_locator(), FixedLocator):
        return []
    names = [label.get_text() for label in axis.get_ticklabels()]
    return [] if all(map(_is_number, names)) else names


def _is_number(name: str) -> bool:
    try:
        float(name.replace(",", ""))
    except ValueError:
        return not name
    return True


def _fit_categories(axis: Axis, names: Sequence[str], renderer: RendererAgg) -> list[str]:
    """Write the names at their ticks, below a panel upright where they would meet; return those shortened, whole."""
    panel, places = axis.axes, axis.get_majorticklocs()
    at = panel.transData.transform([(p, p) for p in places])[:, 0 if axis is panel.xaxis else 1]
    apart = float(np.abs(np.diff(at)).min()) if len(at) > 1 else panel.bbox.width
    label = axis.get_ticklabels()[0]
    width, lines = _width_of(label, renderer), min(LABEL_LINES, _lines_in(label, apart))
    level = [fitted(name, 0.9 * apart, LABEL_LINES, width) for name in names]
    if axis is panel.xaxis and all(wrapped.split() == name.split() for wrapped, name in zip(level, names, strict=True)):
        shown = level
    elif axis is panel.xaxis:
        shown = [fitted(name, BESIDE * panel.figure.bbox.height, lines, width) for name in names]
        axis.set_tick_params(labelrotation=90)
    else:
        shown = [fitted(name, BESIDE * panel.figure.bbox.width, lines, width) for name in names]
    axis.set_ticks(places, shown)
    return [name for name, text in zip(names, shown, strict=True) if text.count(ELLIPSIS) > name.count(ELLIPSIS)]


def _width_of(text: Text, renderer: RendererAgg) -> Callable[[str], float]:
    """Return the function that gives the pixels that a line has in the font of a text."""
    font = text.get_fontproperties()
    return cache(lambda line: float(renderer.get_text_width_height_descent(line, font, False)[0]))


def _lines_in(text: Text, height: float) -> int:
    """Return how many lines of a text there are in a height in pixels, one at least."""
    return max(1, int(min(height, 1e6) / _line_height(text)))


def _line_height(text: Text) -> float:
    return 1.25 * text.get_fontsize() * _pixels(text)


def _pixels(text: Text) -> float:
    """Return the pixels of a point."""
    return float(text.figure.dpi / 72)
