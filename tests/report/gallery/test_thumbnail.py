"""Thumbnails: the main panel alone, at the size of a card, the same bytes each time."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import matplotlib.image
import pytest
from matplotlib.text import Text

from lawbook.report.figures import figures
from lawbook.report.gallery.thumbnail import HEIGHT, SMALL, TEXT, WIDTH, draw_thumbnail, keep_main_panel
from lawbook.report.style import log_axis, new_figure, styled
from lawbook.report.typesetting import fit_texts
from lawbook.results.reader import Results
from lawbook.storage.provenance import Provenance, read_provenance

MADE = Provenance("planted", "thumbnail", "1", "2", {})


@pytest.fixture
def named(simulated):
    return {block.name: block for block in simulated.study.content.figures}


def test_a_thumbnail_is_small_says_how_it_was_made_and_is_the_same_each_time(
    simulated, named, tmp_path: Path
) -> None:
    folder = tmp_path / "planted"
    shutil.copytree(simulated.folder, folder)
    files = [folder / f"thumbnail.{kind}" for kind in ("svg", "png")]
    drawn = []
    for _ in range(2):
        draw_thumbnail(named["law_error_by_data"], folder, simulated.study.content, MADE)
        drawn.append([file.read_bytes() for file in files])
        height, width, _ = matplotlib.image.imread(files[1]).shape
        for file in files if len(drawn) == 1 else []:
            assert file.stat().st_size < 150_000

    assert drawn[0] == drawn[1]
    assert read_provenance(files[0]) == MADE
    assert width == 200 * WIDTH
    assert 200 * HEIGHT <= height < 1.3 * 200 * HEIGHT
    assert not (folder / "thumbnail.pdf").exists()


@pytest.mark.parametrize(
    "name",
    [
        "law_error_by_data",
        "axis_model_size",
        "pruning_pruned",
        "learning_rate_valleys_rates",
        "curves_data_size",
    ],
)
def test_the_main_panel_stays_with_labels_and_text_that_can_be_read(simulated, named, name: str) -> None:
    with styled():
        block = named[name]
        figure = figures[block.kind].draw(block, Results(simulated.folder), simulated.study.content).figure
        main = figure.axes[0]
        keep_main_panel(figure)
        figure.draw_without_rendering()

    assert figure.axes == [main]
    assert main.get_xlabel()
    assert main.get_ylabel()
    assert (main.xaxis.label.get_fontsize(), main.yaxis.label.get_fontsize()) == (TEXT, TEXT)
    shown = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
    assert min(text.get_fontsize() for text in shown) >= 5.5
    assert all(label.get_fontsize() == SMALL for label in main.get_xticklabels())
    box = main.get_window_extent()
    assert box.width > 0.6 * figure.bbox.width, "the panel has the figure to itself"


@pytest.mark.parametrize("which", ["x", "y"])
def test_numbers_along_an_axis_stay_as_many_as_have_room(which: str) -> None:
    with styled():
        figure = new_figure(WIDTH, HEIGHT)
        axes = figure.subplots()
        values = [0.02, 1.0, 50.0]
        axes.plot(*((values, [1, 2, 3]) if which == "x" else ([1, 2, 3], values)))
        log_axis(axes, which, [1.0, 50.0])
        (axes.set_xlim if which == "x" else axes.set_ylim)(0.01, 1e6)
        fit_texts(figure)
        figure.draw_without_rendering()

        axis = axes.xaxis if which == "x" else axes.yaxis
        low, high = axis.get_view_interval()
        shown = zip(axis.get_majorticklocs(), axis.get_ticklabels(), strict=True)
        boxes = [text.get_window_extent() for at, text in shown if low <= at <= high]

    assert len(boxes) >= 6
    assert all((a.x1 < b.x0) if which == "x" else (a.y1 < b.y0) for a, b in pairwise(boxes))
