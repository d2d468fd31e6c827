"""A study whose note, source, topic and title would like to act stays words: page, gallery, crate and logbook.

`tests/exports/test_forms.py` and `tests/environments/test_exports.py` hold its other exports to the same.
"""

from __future__ import annotations

import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.exports.studies import LINK, SCRIPT, STUDY, TEMPLATE, hostile_study
from tests.exports.test_markdown import PARSER
from tests.report.conftest import browser, open_file

from lawbook.errors import StudyError
from lawbook.exports import Finished, exports, write_export
from lawbook.exports.ro_crate import METADATA
from lawbook.report.gallery.collection import collect
from lawbook.report.gallery.documents import documents
from lawbook.report.gallery.page import write_gallery
from lawbook.results.card import read_card
from lawbook.studies import load_study

__all__ = ["browser", "open_file"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Return the finished study, with the gallery beside it."""
    made = hostile_study(tmp_path_factory.mktemp("words"))
    card = read_card(made.results)
    assert card.hero == "law_of_all"
    assert card.claims[0].note.startswith(SCRIPT)
    folder = made.results.parent / "gallery"
    folder.mkdir()
    made.results.rename(folder / "hostile")
    write_gallery(["hostile"], folder / "index.html", absent=["another"])
    return Finished(made.plan, folder / "hostile", made.written, made.licence)


class Acting(HTMLParser):
    """Collects what a browser would run, load or follow; and all that is shown or told of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = dict(attrs).get("type", "")
        self._inside = tag if tag in ("script", "style") and kind != "application/json" else ""
        self.handlers += [f"{tag} {name}" for name, _ in attrs if name.startswith("on") or name == "srcdoc"]
        self.addresses += [value or "" for name, value in attrs if name.endswith(("href", "src", "action"))]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self._inside == "script" else self.words).append(data)


@pytest.mark.parametrize("page", ["hostile/report.html", "index.html"])
def test_words_are_shown_and_run_nothing(study: Finished, page: str) -> None:
    text = (study.results.parent / page).read_text(encoding="utf-8")
    found = Acting(text)

    own = {"hostile/report.html"} if page == "index.html" else set()
    assert {one for one in found.addresses if not one.startswith(("#", "data:"))} == own
    assert found.handlers == []
    assert not [script for script in found.scripts if "alert" in script]
    shown = " ".join("".join(found.words).split())
    for words in (study.content.topic, study.content.claims[0].note, study.content.claims[0].source):
        assert " ".join(words.split()) in shown
    assert TEMPLATE in shown
    assert str(7 * 11119) not in text


@pytest.mark.parametrize("page", ["hostile/report.html", "index.html"])
def test_a_browser_runs_and_loads_nothing_of_it(study: Finished, open_file, page: str) -> None:
    found = open_file(study.results.parent / page)
    found.page.wait_for_load_state("load")
    for details in found.page.locator("details").all():
        details.evaluate("element => { element.open = true; }")

    assert [url for url in found.requests if not url.startswith("data:")] == [
        (study.results.parent / page).as_uri()
    ]
    assert found.said == []
    assert found.page.locator("a[href^='javascript'], img:not([src^='data:']), iframe").count() == 0


def test_the_gallery_in_markdown_links_its_own_picture_alone(study: Finished) -> None:
    text = documents(collect(["hostile"], study.results.parent), {"hostile": "0" * 16})

    parts = [part for token in PARSER.parse(text) for part in (token, *(token.children or []))]
    assert {part.type for part in parts}.isdisjoint(
        {"html_block", "html_inline", "link_open", "fence", "code_block"}
    )
    assert [part.attrs["src"] for part in parts if part.type == "image"] == ["hostile.png"]
    topic = next(line for line in text.splitlines() if line.startswith("## "))
    assert TEMPLATE.split()[0] in topic


def test_a_crate_refers_to_no_word_of_it(study: Finished, tmp_path: Path) -> None:
    write_export(exports["ro_crate"], study, tmp_path / "crate.zip")
    with zipfile.ZipFile(tmp_path / "crate.zip") as archive:
        graph = json.loads(archive.read(METADATA))["@graph"]
        readme = archive.read("README.md").decode() if "README.md" in archive.namelist() else ""

    identities = [one for entity in graph for one in _identities(entity)]
    assert not [one for one in identities if re.search(r"evil|javascript|[<>{}\s]", one)]
    assert {entity["name"] for entity in graph if entity["@id"] == "./"} == {study.content.title}
    parts = [part for token in PARSER.parse(readme) for part in (token, *(token.children or []))]
    assert {part.type for part in parts}.isdisjoint({"html_block", "html_inline", "image", "link_open"})


def _identities(value: object) -> list[str]:
    """Return what entities of a crate are called, and what they refer to."""
    if isinstance(value, list):
        return [one for item in value for one in _identities(item)]
    if not isinstance(value, dict):
        return []
    inner = [one for item in value.values() for one in _identities(item)]
    return [value["@id"], *inner] if "@id" in value else inner


def test_a_logbook_says_why_a_claim_came_out_so_in_words(study: Finished, tmp_path: Path) -> None:
    write_export(exports["trackio"], study, tmp_path / "logbook")
    page = (tmp_path / "logbook/.trackio/logbook/pages/claim-1/page.md").read_text(encoding="utf-8")

    assert page.count("<!-- trackio-cell") == 2, "none but its own cells"
    outside = re.sub(r"<!-- trackio-cell\n.*?\n-->", "", page, flags=re.DOTALL)
    parts = [part for token in PARSER.parse(outside) for part in (token, *(token.children or []))]
    assert {part.type for part in parts}.isdisjoint({"html_block", "html_inline", "image", "link_open"})
    assert "Note: " in outside
    assert r"\<script\>alert" in outside


@pytest.mark.parametrize("hero", [SCRIPT, "../../secret", "{{ 7 * 7 }}", "law_of_all.svg", LINK])
def test_a_hero_that_is_no_figure_of_the_study_is_refused(hero: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(STUDY.replace("hero: law_of_all", f"hero: {json.dumps(hero)}"), encoding="utf-8")

    with pytest.raises(StudyError, match=r"hero = .*no figure is called so; ") as refused:
        load_study(file)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    "scale", [f"{{{json.dumps(SCRIPT)}: 1.0}}", "{flops: '<b>'}", "{N: -1}", "{D: .inf}"]
)
def test_a_scale_is_of_numbers_alone(scale: str, tmp_path: Path) -> None:
    file = tmp_path / "hostile.yaml"
    file.write_text(STUDY.replace("{flops: 6.0e18}", scale), encoding="utf-8")

    with pytest.raises(StudyError, match=r"claims\.0\.scale") as refused:
        load_study(file)
    assert "; " in str(refused.value)
