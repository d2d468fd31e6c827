"""The texts of a figure, each wrapped or shortened to the room that it has, in fonts that have its characters."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend import Legend
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from lawbook.report.wrapping import ELLIPSIS, fitted

PASSES = 5
"""Layouts at most: a label of two lines leaves its panel less room, and so the label of the other axis."""

SPARE = 0.97
"""Share of a room that is filled: widths of glyphs differ a little from resolution to resolution."""

BESIDE = 0.45
"""Share of a figure's width for a legend beside the panels, or for the names of categories."""

LEVEL = 10
"""Letters that must have room between two categories before their names are broken into lines side by side."""

LABEL_LINES, ENTRY_LINES, FOOT_LINES = 2, 3, 6
"""Most lines of an axis label, of an entry of a legend beside or in a panel, and of one below the panels."""

TALL = 0.3
"""Share of a panel's height for its title, or for a text in it."""

_NUMBER = frozenset("0123456789.,+-−e× ⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Characters of numbers as ticks are written."""

Widths = Callable[[Text], Callable[[str], float]]
"""For a text, the width in pixels that a line has in its font."""


@dataclass(frozen=True)
class _Place:
    """A text with its room: pixels along the text, and lines."""

    text: Text
    width: float
    lines: int


def fit_texts(figure: Figure) -> list[str]:
    """Wrap every text of a figure, or shorten it in the middle, to its room; return the whole of those shortened.

    Labels and titles have the length of their axis, entries of a legend that of where it stands, names of
    categories the way to the next. The figure grows by the lines that this adds above and below its panels.
    """
    width_in = _widths(FigureCanvasAgg(figure).get_renderer())  # type: ignore[no-untyped-call]
    height = figure.get_figheight()
    axes = [axis for panel in figure.axes for axis in (panel.xaxis, panel.yaxis)]
    names = {axis: found for axis in axes if (found := _categories(axis))}
    columns = {_column(axis.axes) for axis in names if axis is axis.axes.yaxis}
    room = figure.bbox.width / max(1, len(columns))
    whole: dict[Text, str] = {}
    shortened: dict[object, list[str]] = {}
    before: list[object] = []
    for drawn in range(PASSES):
        for axis, found in names.items():
            shortened[axis] = _fit_categories(axis, found, room, width_in)
        for place in _places(figure, drawn > 0):
            if not (full := whole.setdefault(place.text, place.text.get_text())):
                continue
            shown = fitted(full, SPARE * place.width, place.lines, width_in(place.text))
            place.text.set_text(shown)
            shortened[place.text] = [full] if _is_shortened(shown, full) else []
        if drawn:
            figure.set_figheight(height + (_height_of_labels(figure) + _height_below(figure)) / figure.dpi)
        labels = [label for axis in names for label in axis.get_ticklabels()]
        now = [figure.get_figheight(), *(text.get_text() for text in (*whole, *labels))]
        if now == before:
            break
        figure.draw_without_rendering()
        before = now
    for axis in axes:
        if axis not in names:
            _thin_out(axis)
    return list(dict.fromkeys(full for each in shortened.values() for full in each))


def _places(figure: Figure, drawn: bool) -> Iterator[_Place]:
    """Yield the texts of a figure, but for the names of categories, with their rooms in its present layout.

    Where the legends stand is known once they are drawn: before, their entries get the least room.
    """
    for panel in figure.axes:
        box, cell = panel.bbox, _cell_height(panel, figure)
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
            yield from _entries(
                legend, BESIDE * figure.bbox.width, figure.bbox.height, ENTRY_LINES if drawn else 1
            )
    for text in figure.texts:
        yield _Place(text, figure.bbox.width, FOOT_LINES)


def _entries(legend: Legend, width: float, height: float, lines: int) -> Iterator[_Place]:
    """Yield the texts of a legend that may take this width and height."""
    texts, columns = legend.get_texts(), _columns(legend)
    for text in texts:
        em = float(text.get_fontsize()) * _pixels(text)
        beside = width / columns - 4 * em  # of the handle and the blanks around both
        each = SPARE * height / math.ceil(len(texts) / columns) - em
        yield _Place(text, beside, min(lines, _lines_in(text, each)))


def _columns(legend: Legend) -> int:
    """Return in how many columns the entries of a legend stand, as it was drawn last."""
    return len({round(text.get_window_extent().x0) for text in legend.get_texts()}) or 1


def _is_below(legend: Legend) -> bool:
    """Tell whether a legend stands below all panels, as it was drawn last."""
    return bool(
        legend.get_window_extent().y1 <= min((panel.bbox.y0 for panel in legend.figure.axes), default=0.0)
    )


def _height_of_labels(figure: Figure) -> float:
    """Return the height in pixels of the lines beyond the first that titles and labels along x have."""
    columns: dict[int, float] = defaultdict(float)
    for panel in figure.axes:
        for text in (panel.get_title(loc="left"), panel.get_xlabel()):
            columns[_column(panel)] += text.count("\n") * _line_height(panel.xaxis.label)
    below = sum(text.get_text().count("\n") * _line_height(text) for text in figure.texts)
    return max(columns.values(), default=0.0) + below


def _height_below(figure: Figure) -> float:
    """Return the height in pixels of legends below the panels, beyond the two lines that figures have room for."""
    heights = (
        legend.get_window_extent().height - 2 * _line_height(legend.get_texts()[0])
        for legend in figure.legends
        if legend.get_texts() and _is_below(legend)
    )
    return max(0.0, sum(heights))


def _cell_height(panel: Axes, figure: Figure) -> float:
    """Return the height in pixels of a panel with its labels: that of its cell in the grid."""
    cell = panel.get_subplotspec()
    return figure.bbox.height * (cell.get_position(figure).height if cell else 1.0)


def _column(panel: Axes) -> int:
    """Return the column of the grid in which a panel begins."""
    cell = panel.get_subplotspec()
    return int(cell.colspan.start) if cell else 0


def _categories(axis: Axis) -> list[str]:
    """Return the names at the ticks of an axis, none where numbers stand there."""
    if not isinstance(axis.get_major_locator(), FixedLocator):
        return []
    names = [label.get_text() for label in axis.get_ticklabels()]
    return [] if all(map(_is_number, names)) else names


def _is_number(name: str) -> bool:
    """Tell whether a name is a number as ticks are written, or none at all.

    >>> _is_number("20,000"), _is_number("3 × 10⁻⁵"), _is_number("el2n"), _is_number("")
    (True, True, False, True)
    """
    return set(name) <= _NUMBER


def _fit_categories(axis: Axis, names: Sequence[str], room: float, width_in: Widths) -> list[str]:
    """Write the names at their ticks, upright where they have no room side by side; return those shortened, whole.

    room: the width in pixels that a column of panels with names beside it has.
    """
    panel, places = axis.axes, axis.get_majorticklocs().tolist()
    at = panel.transData.transform([(p, p) for p in places])[:, 0 if axis is panel.xaxis else 1]
    apart = float(np.abs(np.diff(at)).min()) if len(at) > 1 else panel.bbox.width
    label = axis.get_ticklabels()[0]
    width, lines = width_in(label), min(LABEL_LINES, _lines_in(label, apart))
    shown = [fitted(name, 0.8 * apart, ENTRY_LINES, width) for name in names]
    narrow = apart < LEVEL * width("x") and any("\n" in text for text in shown)
    if axis is panel.yaxis or narrow or label.get_rotation() or any(map(_is_shortened, shown, names)):
        # What stands upright once stays so, since level names would make the panel narrower again.
        axis.set_tick_params(labelrotation=0 if axis is panel.yaxis else 90)
        along = room if axis is panel.yaxis else panel.figure.bbox.height
        shown = [fitted(name, BESIDE * along, lines, width) for name in names]
    axis.set_ticks(places, shown)
    return [name for name, text in zip(names, shown, strict=True) if _is_shortened(text, name)]


def _thin_out(axis: Axis) -> None:
    """Leave out every second number along an axis while some meet."""
    level = axis is axis.axes.xaxis
    for _ in range(PASSES):
        axis.get_tightbbox()  # which puts the labels where the ticks are now
        low, high = sorted(axis.get_view_interval())
        ticks = zip(axis.get_majorticklocs(), axis.get_major_ticks(), strict=False)
        boxes = [
            tick.label1.get_window_extent()
            for at, tick in ticks
            if low <= at <= high and tick.label1.get_visible()
        ]
        if all((a.x1 < b.x0) if level else (a.y1 < b.y0) for a, b in pairwise(boxes)):
            return
        axis.set_major_locator(FixedLocator(axis.get_majorticklocs()[::2].tolist()))


def _is_shortened(shown: str, whole: str) -> bool:
    return shown.count(ELLIPSIS) > whole.count(ELLIPSIS)


def _widths(renderer: RendererAgg) -> Widths:
    """Return what gives the widths of lines in the font of a text: the sum of the characters', each measured once."""

    def length(text: str, font: FontProperties) -> float:
        return float(renderer.get_text_width_height_descent(text, font, False)[0])  # type: ignore[no-untyped-call]

    @cache
    def advance(character: str, font: FontProperties) -> float:
        return (length(f"|{character * 8}|", font) - length("||", font)) / 8

    def width_in(text: Text) -> Callable[[str], float]:
        font = text.get_fontproperties()
        return lambda line: sum(advance(character, font) for character in line)

    return width_in


def _lines_in(text: Text, height: float) -> int:
    """Return how many lines of a text there are in a height in pixels, one at least."""
    return max(1, int(min(height, 1e6) / _line_height(text)))


def _line_height(text: Text) -> float:
    return 1.25 * float(text.get_fontsize()) * _pixels(text)


def _pixels(text: Text) -> float:
    """Return the pixels of a point."""
    return float(text.figure.dpi) / 72
