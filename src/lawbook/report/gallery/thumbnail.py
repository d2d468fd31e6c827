"""Thumbnails: the main panel of the figure that shows a study's answer, drawn at the size of a card."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from lawbook.report.figures import check_figure, figures
from lawbook.report.gallery.collection import THUMBNAIL
from lawbook.report.style import save, styled
from lawbook.results.reader import Results
from lawbook.storage.provenance import Provenance
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.schema import StudyFile

WIDTH, HEIGHT = 3.6, 2.4
"""Size in inches."""

TEXT, SMALL = 8.0, 7.0
"""Sizes of labels, and of numbers at ticks and the legend, in points."""

ENTRIES, LETTERS, BESIDE = 4, 58, 26
"""Entries of a legend, and letters of one, that a card has room for; and letters where two stand side by side."""


def draw_thumbnail(
    block: FigureBlock, results: Path, content: StudyFile, made: Provenance | None = None
) -> None:
    """Draw the main panel of a figure of a study into its results, as thumbnail.svg and .png.

    made: how it came to be, which the SVG then carries. The same tables give the same bytes. Raises LawbookError as
    `draw_figure` does.
    """
    check_figure(block, content)
    with styled():
        drawn = figures[block.kind].draw(block, Results(results), content)
        keep_main_panel(drawn.figure)
        about = None if made is None else made.as_json()
        save(drawn.figure, results, THUMBNAIL, drawn.title, drawn.caption, about, kinds=("svg", "png"))


def keep_main_panel(figure: Figure) -> None:
    """Take everything out of a figure but its first panel, with its colour bar, and give that the size of a card.

    The panel gets the labels that it shared with others, and a legend if that is short.
    """
    main, *others = figure.axes
    xlabel, ylabel = (_first(label, figure.axes) for label in (Axes.get_xlabel, Axes.get_ylabel))
    legends = [*figure.legends, *filter(None, [main.get_legend()])]
    entries = [
        (handle, _short(text.get_text()))
        for legend in legends
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True)
        if handle is not None
    ]
    bars = [bar.ax for artist in main.get_children() if (bar := getattr(artist, "colorbar", None))]
    for unwanted in [*(axes for axes in others if axes not in bars), *legends, *figure.texts]:
        unwanted.remove()
    figure.set_size_inches(WIDTH, HEIGHT)
    if not bars:
        main.set_subplotspec(GridSpec(1, 1, figure)[0])
    for place in ("left", "center", "right"):
        main.set_title("", loc=place)
    main.set_xlabel(xlabel, fontsize=TEXT)
    main.set_ylabel(ylabel, fontsize=TEXT)
    main.tick_params(labelsize=SMALL, labelbottom=True, labelleft=True)
    short = [(handle, text) for handle, text in entries if len(text) <= LETTERS]
    if len(entries) > 1 and 0 < len(short) <= ENTRIES:
        _add_legend(figure, short)


def _add_legend(figure: Figure, entries: list[tuple[Artist, str]]) -> None:
    handles, texts = zip(*entries, strict=True)
    columns = 2 if max(map(len, texts)) <= BESIDE else 1
    figure.legend(handles, texts, loc="outside lower left", ncols=columns, fontsize=SMALL)


def _short(text: str) -> str:
    """Return an entry of a legend without the range of a fit, which the axis shows.

    >>> _short("power: α = 0.70 [0.56, 0.83] over D 32–1,297 (1.6 decades)")
    'power: α = 0.70 [0.56, 0.83]'
    """
    return text.partition(" over ")[0]


def _first(label: Callable[[Axes], str], panels: list[Axes]) -> str:
    """Return the first label that panels have."""
    return next(filter(None, map(label, panels)), "")
