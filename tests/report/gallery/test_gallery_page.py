"""The gallery's page: complete without its script, whole by itself, and safe against what authors write."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from tests.report.gallery.conftest import ATTACK, SVG, Finish
from tests.report.test_page import Tags

from lawbook.errors import LawbookError
from lawbook.report.gallery.page import write_gallery


@pytest.fixture
def page(three: Path) -> str:
    write_gallery(["digits", "oracle", "quanta@quick"], three / "index.html", ["cifar"])
    return (three / "index.html").read_text(encoding="utf-8")


def cards(page: str) -> list[str]:
    """Return the articles of a page."""
    return re.findall(r'<article class="card".*?</article>', page, re.DOTALL)


def test_every_study_has_a_card_with_figure_answer_claims_and_cost(page: str) -> None:
    digits, oracle, quanta = cards(page)

    assert 'href="digits/report.html"' in digits
    assert f"data:image/svg+xml;base64,{base64.b64encode(SVG.encode()).decode()}" in digits
    assert 'alt="A curve. Seeds 0 to 3"' in digits
    assert "<b>It is so.</b>" in digits
    assert re.findall(r'<li data-verdict="(\w+)" data-origin="(\w+)">', digits) == [
        ("holds", "published"), ("fails", "exploratory"), ("undecided", "exact"),
    ]  # fmt: skip
    assert "Measured <b>0.500 [0.450, 0.550]</b>, expected 0.5 ± 0.1. Published: Hestness 2017." in digits
    assert "Scale: here at most 1,297 examples, there 50,000." in digits
    assert "Measured <b>nothing</b>" in digits
    assert "40 runs, 100 CPU-seconds of training on cpu." in digits
    assert "preset <b>quick</b>" in quanta
    assert 'href="quanta%40quick/report.html"' in quanta
    assert "undecided" in oracle
    assert "Not run yet, and so not here: cifar." in page
    assert "120 runs, 300 CPU-seconds of training on cpu, 6.00e9 FLOPs" in page


def test_the_topic_with_most_studies_comes_first_and_those_without_one_last(
    finish: Finish, results: Path
) -> None:
    for name, topic in (("a", ""), ("b", "Few"), ("c", "Many"), ("d", "Many")):
        finish(name, topic=topic)
    write_gallery(list("abcd"), results / "index.html")

    page = (results / "index.html").read_text(encoding="utf-8")

    assert re.findall(r'<h2 id="topic-\d">(.*)</h2>', page) == ["Many", "Few", "Other studies"]


def test_it_opens_from_disk_needs_no_network_and_closes_what_it_opens(page: str) -> None:
    tags = Tags(page)

    assert tags.open == []
    assert len(tags.ids) == len(set(tags.ids))
    inside = {address for address in tags.addresses if not address.startswith(("#", "data:"))}
    assert inside == {"digits/report.html", "oracle/report.html", "quanta%40quick/report.html"}
    assert all(address[1:] in tags.ids for address in tags.addresses if address.startswith("#"))
    assert "default-src 'none'; img-src data:;" in page
    assert tags.tags.count("script") == 1


def test_what_an_author_wrote_stays_text(page: str) -> None:
    assert ATTACK not in page
    assert page.count("&lt;script&gt;document.title") >= 9
    assert "<img src=x" not in page
    assert "<script>document.title" not in page, (
        "the drawing's own script is inside an image, which runs none"
    )


def test_all_claims_can_be_downloaded_with_every_digit(page: str) -> None:
    (link,) = re.findall(r'download="claims.csv" href="data:text/csv;charset=utf-8;base64,([^"]*)"', page)
    table = pd.read_csv(io.BytesIO(base64.b64decode(link)))

    assert list(table["study"]) == ["digits", "digits", "digits", "oracle", "quanta@quick"]
    assert list(table["verdict"]) == ["holds", "fails", "undecided", "undecided", "holds"]
    assert table["estimate"].isna().tolist() == [False, False, True, False, False]
    assert table.loc[4, "claim"] == ATTACK
    assert table.loc[0, "scale"] == "here at most 1,297 examples, there 50,000"


def test_numbers_are_sorted_by_value_and_what_is_missing_has_none(page: str) -> None:
    (body,) = re.findall(r'<table id="claims-table".*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    values = re.findall(r'<td class="placed" data-value="([^"]*)">', body)

    assert values == ["0.5", "-0.2", "", "3.0", "0.5"]


def test_a_card_that_is_not_there_is_one_message(results: Path, finish: Finish) -> None:
    finish("digits").joinpath("card.json").unlink()

    with pytest.raises(LawbookError, match=r"card.json is not there; `lawbook run digits` makes it"):
        write_gallery(["digits"], results / "index.html")


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_text("<svg")])
def test_a_thumbnail_that_cannot_be_read_is_one_message(results: Path, finish: Finish, damage) -> None:
    damage(finish("digits") / "thumbnail.svg")

    with pytest.raises(
        LawbookError, match=r"thumbnail.svg: the thumbnail cannot be read .*; `lawbook gallery` draws"
    ):
        write_gallery(["digits"], results / "index.html")


def test_a_study_that_draws_nothing_and_trains_nothing_has_a_card_without_a_figure(
    results: Path, finish: Finish
) -> None:
    finish("table", hero=None, cpu_s=None).joinpath("thumbnail.svg").unlink()
    write_gallery(["table"], results / "index.html")

    (card,) = cards((results / "index.html").read_text(encoding="utf-8"))

    assert "<img" not in card
    assert "40 runs from a table; nothing was trained." in card
    assert "It makes no claims." in card
