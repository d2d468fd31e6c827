"""The gallery in a real browser: it opens from disk, filters and sorts, and what an author wrote never acts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lawbook.report.gallery.page import write_gallery


@pytest.fixture
def opened(open_file, three: Path) -> Iterator[Callable[..., object]]:
    """Return how to open the gallery of three studies, with what the browser should be like; nothing may go wrong."""
    write_gallery(["digits", "oracle", "quanta@quick"], three / "index.html")
    found = []

    def open_page(**like: object):
        found.append(open_file(three / "index.html", **like))
        return found[-1].page

    yield open_page
    address = (three / "index.html").as_uri()
    asked = [url for one in found for url in one.requests if not url.startswith("data:")]
    said = [*asked, *(text for one in found for text in one.said)]
    assert [what for what in said if what != address] == [], "no request but for the page, and not a word"


def titles(page) -> list[str]:
    return page.locator(".card:visible .eyebrow").all_inner_texts()


def rows(page, column: int) -> list[str]:
    """Return the texts of a column of the table of claims, of the rows that are shown."""
    return page.locator(f"#claims-table tbody tr:visible td:nth-child({column})").all_inner_texts()


def test_it_filters_by_topic_verdict_and_origin(opened) -> None:
    page = opened()

    assert titles(page) == ["digits", "oracle", "quanta · preset quick"]
    assert page.locator("#found").inner_text() == "3 of 3 studies, 5 of 5 claims"
    page.get_by_label("Topic").select_option("Scaling laws")
    assert titles(page) == ["digits", "oracle"]
    assert rows(page, 1) == ["digits", "digits", "digits", "oracle"]
    page.get_by_label("Verdict").select_option("undecided")
    page.get_by_label("Origin").select_option("exact")
    assert page.locator("#found").inner_text() == "2 of 3 studies, 2 of 5 claims"
    page.get_by_label("Verdict").select_option("fails")
    assert titles(page) == []
    page.get_by_label("Origin").select_option("exploratory")
    assert titles(page) == ["digits"]
    assert page.locator(".card:visible li:visible").count() == 1
    assert page.locator("h2:visible").first.inner_text() == "Scaling laws"
    page.get_by_role("button", name="Show all").click()
    page.locator("#found", has_text="3 of 3 studies, 5 of 5 claims").wait_for()
    assert len(rows(page, 1)) == 5


def test_it_sorts_numbers_by_value_texts_by_name_and_what_is_missing_last(opened) -> None:
    page = opened()
    heads = page.locator("#claims-table thead th")

    heads.filter(has_text="measured").get_by_role("button").click()
    assert rows(page, 4)[0].strip().startswith("−0.20 ")
    assert rows(page, 4)[-1].strip() == "nothing"
    assert heads.filter(has_text="measured").get_attribute("aria-sort") == "ascending"
    heads.filter(has_text="measured").get_by_role("button").press("Enter")
    assert rows(page, 1)[0] == "oracle"
    assert rows(page, 4)[-1].strip() == "nothing"
    heads.filter(has_text="verdict").get_by_role("button").click()
    assert rows(page, 5) == sorted(rows(page, 5))
    assert page.locator("#claims-table [aria-sort]").count() == 1


def test_all_of_it_is_there_without_javascript(opened) -> None:
    page = opened(java_script_enabled=False)

    assert page.locator(".card:visible").count() == 3
    assert page.locator(".card img:visible").count() == 3
    assert page.locator("#claims-table tbody tr:visible").count() == 5
    assert page.locator(".forest tbody tr:visible").count() == 3
    assert not page.locator("#filters").is_visible()


def test_what_an_author_wrote_does_not_act(opened) -> None:
    page = opened()

    assert page.title() == "Lawbook: the gallery"
    assert "<script>document.title" in page.locator(".card h3").all_inner_texts()[-1]
    assert page.locator("img[src='x']").count() == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(opened, width: int) -> None:
    page = opened(viewport={"width": width, "height": 800}, color_scheme="dark")

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".card").first.bounding_box()["width"] <= width
