"""Texts of every kind of figure stay in the figure and off one another, however long, in fonts that venues take."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import yaml
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator
from matplotlib.transforms import Bbox
from tests.analyses.drawn import drawn_of_analyses
from tests.once import made_once
from tests.report.fonts import fonts_in

from lawbook.cli.write_fit import predictions_of
from lawbook.fitting.study import fit_study
from lawbook.fitting.table import Question, ask
from lawbook.report import glyphs, style
from lawbook.report.figures import Drawn, figures
from lawbook.report.figures._fit import draw_fit
from lawbook.report.style import DRAWN, SINGLE, evenly, new_figure, save, styled
from lawbook.report.typesetting import fit_texts
from lawbook.report.wrapping import ELLIPSIS
from lawbook.results.reader import Results
from lawbook.storage.tables import write_table
from lawbook.storage.user_table import Source
from lawbook.studies import load_study
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.law_block import LawBlock
from lawbook.studies.schema import StudyFile

from .test_pruning_report import scored

__all__ = ["scored"]  # a fixture, found by its name

LENGTHS = (pytest.param(40, marks=pytest.mark.slow), 120)
FITS = ("one input", "two inputs", "compared", "refused")
MORE = ("axis of categories", "law of two inputs", *(f"fit, {name}" for name in FITS))
OF_TWO_INPUTS = {"law of two inputs": "law", "contours": "contours"}
KINDS = (*sorted(figures), *MORE)
NAME = "run.summary.eval/c4_en-validation/CrossEntropyLoss.averaged_over-the/evaluations_of_the-exponential.moving/v2"


DRAWN_WITH = Path(__file__).parent / "drawn"
"""Options of a kind of figure that no study of these tests draws by itself, of runs called `phases`: NAME.yaml."""


@pytest.fixture(scope="module")
def drawings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the drawings of `_draw_all`."""
    return made_once(tmp_path_factory, "drawings", lambda folder: _draw_all(request, folder))


def _draw_all(request: pytest.FixtureRequest, folder: Path) -> dict[str, bytes]:
    """Return a drawing of every kind of figure and of `lawbook fit`, pickled before its texts are fitted."""
    folder.mkdir()
    simulated, oracle = map(request.getfixturevalue, ("simulated", "oracle"))
    noisy, of_noisy = request.getfixturevalue("scored")
    content = simulated.study.content
    wanted = [
        (block.kind, block, Results(each.folder), each.study.content)
        for each in (simulated, oracle)
        for block in each.study.content.figures
    ]
    wanted += [(block.kind, block, results, of) for block, results, of in drawn_of_analyses(folder)]
    study, _, along = request.getfixturevalue("planted")
    wanted += [
        (file.stem, _of_phases(file), Results(along), study.content)
        for file in sorted(DRAWN_WITH.glob("*.yaml"))
    ]
    kept = load_study(noisy / "noisy.yaml").content
    wanted += [(kind, FigureBlock(kind=kind, of="kept"), of_noisy, kept) for kind in ("gallery", "metrics")]
    by_metric = FigureBlock(kind="axis", of="pruned", options={"x": "metric"})
    wanted.append(("axis of categories", by_metric, Results(simulated.folder), content))
    of_two = _two_inputs(content, simulated.runs, folder)
    wanted += [(name, FigureBlock(kind=kind), *of_two) for name, kind in OF_TWO_INPUTS.items()]
    found: dict[str, bytes] = {}
    with styled():
        for name, block, results, of in wanted:
            if name not in found:
                found[name] = pickle.dumps(figures[block.kind].draw(block, results, of))
        found |= {f"fit, {name}": pickle.dumps(_fit(name)) for name in FITS}
    missing = set(KINDS) - set(found)
    assert not missing, "no test draws these; see CONTRIBUTING.md, what to add where"
    return found


def _of_phases(file: Path) -> FigureBlock:
    options = yaml.safe_load(file.read_text(encoding="utf-8"))
    return FigureBlock(kind=file.stem, of="phases", options=options)


def _two_inputs(content: StudyFile, runs: pd.DataFrame, folder: Path) -> tuple[Results, StudyFile]:
    """Return the results of a law of two inputs."""
    law = {"sweep": "pruned", "y": "test_loss", "x": ["n_train", "samples"], "compare": ["chinchilla"]}
    laws = {"two": LawBlock.model_validate(law)}
    write_table(runs, folder / "runs.parquet")
    for kind, table in fit_study(laws, runs, draws=20).items():
        write_table(table, folder / f"{kind}.parquet", kind)
    return Results(folder), content.model_copy(update={"laws": laws})


def _fit(name: str) -> Drawn:
    """Return the drawing of `lawbook fit`."""
    rng = np.random.default_rng(0)
    n, d = (axis.ravel() for axis in np.meshgrid(np.geomspace(1e6, 1e9, 5), np.geomspace(1e7, 1e10, 5)))
    two = name == "two inputs"
    loss = 1.7 + 400 * n**-0.34 + (410 * d**-0.28 if two else 0) if name != "refused" else 0 * n + 2
    table = pd.DataFrame({"n_params": n, "tokens": d, "loss": loss * np.exp(0.02 * rng.standard_normal(25))})
    laws = {"two inputs": ("chinchilla",), "compared": ("power", "power_floor", "exponential")}.get(
        name, ("power",)
    )
    x = ("n_params", "tokens") if two else ("n_params",)
    answer = ask(
        Question("loss", x, laws, compared=len(laws) > 1, draws=20), Source(Path("runs.csv"), "", table)
    )
    assert (answer.fit.status == "refused") == (name == "refused")
    return draw_fit(answer.fit, answer.fits, predictions_of(answer), answer.slopes())


def test_of_very_many_points_some_are_drawn_and_the_caption_says_so() -> None:
    x = np.geomspace(10, 1e6, DRAWN + 500)
    table = pd.DataFrame({"x": x, "y": 3 * x**-0.4 * np.random.default_rng(0).lognormal(0, 0.05, len(x))})
    answer = ask(Question("y", ("x",), ("power",), draws=20), Source(Path("runs.csv"), "", table))
    drawn = draw_fit(answer.fit, answer.fits, predictions_of(answer), answer.slopes())
    assert max(len(line.get_xdata()) for panel in drawn.figure.axes for line in panel.lines) == DRAWN
    assert "2,000 are drawn, evenly taken" in drawn.caption
    assert len(drawn.data) == len(x)
    assert evenly(table)["x"].iloc[[0, -1]].tolist() == [x[0], x[-1]]


def _stretch(figure: Figure, length: int) -> list[str]:
    """Give every text with letters so many characters, as long names have them; return these texts."""

    def long(text: str) -> str:
        return (f"{text}/" + NAME * 2)[:length] if len(text) < length else text

    made = []
    for axis in _axes(figure):
        if isinstance(axis.get_major_locator(), FixedLocator):
            names = [label.get_text() for label in axis.get_ticklabels()]
            if any(map(_has_letters, names)):
                made += (names := list(map(long, names)))
                axis.set_ticks(axis.get_majorticklocs(), names)
    for owner, text in _texts(figure):
        if _has_letters(text.get_text()) and owner is not None:
            text.set_text(long(text.get_text()))
            made.append(text.get_text())
    return made


def _has_letters(text: str) -> bool:
    return re.search(r"[a-zA-Z]{2}", text) is not None


def _axes(figure: Figure) -> list[Axis]:
    return [axis for panel in figure.axes if panel.axison for axis in (panel.xaxis, panel.yaxis)]


def _texts(figure: Figure) -> Iterator[tuple[Any, Text]]:
    """Yield the texts of a figure, but for its tick labels, with the panel, legend or figure that each belongs to."""
    for panel in figure.axes:
        owned = [child for child in panel.get_children() if isinstance(child, Text)]
        owned += [axis.label for axis in (panel.xaxis, panel.yaxis) if panel.axison]
        if panel.get_legend() is not None:
            owned += panel.get_legend().get_texts()
        yield from ((panel, text) for text in owned)
    for legend in figure.legends:
        yield from ((legend, text) for text in legend.get_texts())
    yield from ((figure, text) for text in figure.texts)


def _tick_labels(figure: Figure) -> Iterator[tuple[Any, Text]]:
    for axis in _axes(figure):
        low, high = sorted(axis.get_view_interval())
        for at, tick in zip(axis.get_majorticklocs(), axis.get_major_ticks(), strict=False):
            if low <= at <= high:
                yield axis.axes, tick.label1


def _assert_in_place(figure: Figure) -> None:
    """Assert that all texts lie in the figure, and none on one of another panel or legend, nor two tick labels."""
    figure.draw_without_rendering()
    shown = [
        (owner, text, text.get_window_extent())
        for owner, text in (*_texts(figure), *_tick_labels(figure))
        if text.get_visible() and text.get_text()
    ]
    for _, text, box in shown:
        inside = Bbox.intersection(box, figure.bbox)
        assert inside is not None, text
        assert inside.width > box.width - 1, (text, box, figure.bbox)
        assert inside.height > box.height - 1, (text, box, figure.bbox)
    labels = {id(text) for _, text in _tick_labels(figure)}
    for (owner, text, box), (other, text_2, box_2) in combinations(shown, 2):
        if owner is not other or {id(text), id(text_2)} <= labels:
            common = Bbox.intersection(box, box_2)
            assert common is None or min(common.width, common.height) < 1, (text, text_2)


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_long_texts_stay_in_place_and_are_known_whole(
    kind: str, length: int, drawings: dict[str, bytes]
) -> None:
    figure = pickle.loads(drawings[kind]).figure
    with styled():
        made = _stretch(figure, length)
        cut = fit_texts(figure)
        _assert_in_place(figure)
    assert set(cut) <= set(made)
    known = {_flat(text) for text in made}
    for _, text in (*_texts(figure), *_tick_labels(figure)):
        if _has_letters(shown := text.get_text()) and _flat(shown) not in known:
            assert any(_is_shortened(_flat(shown), _flat(whole)) for whole in cut), shown


def _flat(text: str) -> str:
    return "".join(text.split())


def _is_shortened(shown: str, whole: str) -> bool:
    head, _, tail = shown.rpartition(ELLIPSIS)
    return bool(head) and whole.startswith(head) and whole.endswith(tail) and len(shown) < len(whole)


@pytest.mark.parametrize("kind", KINDS)
def test_files_have_no_type_3_fonts_and_nothing_is_shortened_without_need(
    kind: str, drawings: dict[str, bytes], tmp_path: Path
) -> None:
    drawn = pickle.loads(drawings[kind])
    with styled():
        save(drawn.figure, tmp_path, "drawn", drawn.title, drawn.caption)
        _assert_in_place(drawn.figure)
    assert fonts_in(tmp_path / "drawn.pdf") <= {"Type0", "CIDFontType2"}
    assert "Shortened in the figure" not in (tmp_path / "drawn.svg").read_text(encoding="utf-8")


def _named(label: str, tmp_path: Path) -> str:
    """Save a figure of one panel with this label, and return the caption in its SVG."""
    with styled():
        figure = new_figure(SINGLE, 2.5)
        figure.subplots().set_xlabel(label)
        save(figure, tmp_path, "named", "A title", "A caption.")
    root = ElementTree.parse(tmp_path / "named.svg")
    return root.findtext(".//{http://purl.org/dc/elements/1.1/}description") or ""


def test_the_caption_has_the_whole_of_what_is_shortened(tmp_path: Path) -> None:
    assert _named("loss", tmp_path) == "A caption."
    assert _named(NAME, tmp_path) == f"A caption. Shortened in the figure: {NAME}."


def test_characters_that_no_font_has_are_named_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(glyphs, "FALLBACKS", ())
    caption = _named("验证 loss 验", tmp_path)
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith("Warning: named: No installed font has the characters 验证 of '验证 loss 验'")
    assert "Install a font that has them" in caption


def test_a_fallback_that_has_the_characters_draws_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _build_font(tmp_path / "squares.otf", "Squares", "验证")
    monkeypatch.setattr(fontManager, "ttflist", [*fontManager.ttflist])
    fontManager.addfont(tmp_path / "squares.otf")
    monkeypatch.setattr(glyphs, "FALLBACKS", ("Not installed", "Squares"))
    assert _named("验证 loss", tmp_path) == "A caption."
    assert capsys.readouterr().err == ""
    assert fonts_in(tmp_path / "named.pdf") == {"Type0", "CIDFontType2"}
    plain = (tmp_path / "named.png").read_bytes()
    _named("loss", tmp_path)
    assert plain != (tmp_path / "named.png").read_bytes()


def _build_font(file: Path, family: str, characters: str) -> None:
    """Write a font with PostScript outlines, a square for each character."""
    pen = T2CharStringPen(1000, None)
    for point, move in (((50, 0), pen.moveTo), ((50, 700), pen.lineTo), ((900, 700), pen.lineTo)):
        move(point)
    pen.closePath()
    names = [".notdef", *(f"u{ord(character):X}" for character in characters)]
    font = FontBuilder(1000, isTTF=False)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(character): f"u{ord(character):X}" for character in characters})
    font.setupCFF(family, {"FullName": family}, dict.fromkeys(names, pen.getCharString()), {})
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 50)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": family, "styleName": "Regular"})
    font.setupOS2(sTypoAscender=800, usWinAscent=800, usWinDescent=200)
    font.setupPost()
    font.save(file)


def test_another_copy_of_the_font_is_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = [font for font in fontManager.ttflist if "mpl-data" in font.fname]
    copied = [replace(font, fname=str(tmp_path / Path(font.fname).name)) for font in own]
    # As a list in a home has it whose environment is gone.
    monkeypatch.setattr(fontManager, "ttflist", copied)
    style._prefer_own_fonts.__wrapped__()
    first = next(font for font in fontManager.ttflist if font.name == "DejaVu Sans")
    assert "mpl-data" in first.fname
