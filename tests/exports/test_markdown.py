"""Any text in Markdown is shown as it is: held against a parser of CommonMark, and what simpler readers look for."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt  # what rich reads Markdown with
from tests.exports.studies import BLOCKS, LINK, SCRIPT, VALUE

from lawbook.exports._markdown import with_front_matter
from lawbook.report.markdown import escaped, table

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
MARKUP = [
    *"\\`*_[]()<>#+-.!|~$&@:/'\"= \n\tab1", "](javascript:a)", "<!--", "-->", "---", "https://a.b/c.png", "www.a.b",
    "&lt;", "1. ", "\x1b", "\u202e", "```", "- ",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(MARKUP), max_size=12).map("".join) | st.text(max_size=30)
BY_SIMPLE_READERS = re.compile(r"\]\(|<!--|[a-z]://|\*\*[^*]+\*\*|^\||^#|^- |^---|^```", re.MULTILINE)


def shown(line: str) -> str:
    """Return a text as its reader should see it: on one line, with nothing that is not seen."""
    return "".join(letter if letter.isprintable() else "�" for letter in " ".join(line.split()))


@settings(max_examples=40)
@given(TEXTS)
@example(SCRIPT)
@example(LINK)
@example(BLOCKS)
@example(VALUE)
def test_a_text_is_a_paragraph_of_itself(text: str) -> None:
    """Alone, after words of ours, and in a heading."""
    for before, said, kind in (
        ("", "", "paragraph"),
        ("Source: ", "Source: ", "paragraph"),
        ("# a ", "a ", "heading"),
    ):
        tokens = PARSER.parse(before + escaped(text))
        if not tokens:
            assert shown(text) == ""
            continue
        opening, inline, closing = tokens
        assert (opening.type, closing.type) == (f"{kind}_open", f"{kind}_close")
        assert {part.type for part in inline.children} <= {"text", "text_special"}
        assert "".join(part.content for part in inline.children) == (said + shown(text)).strip()


@settings(max_examples=40)
@given(TEXTS)
def test_nothing_is_a_link_an_image_or_a_comment_to_simpler_readers(text: str) -> None:
    assert not BY_SIMPLE_READERS.search(f"Source: {escaped(text)}")
    assert not BY_SIMPLE_READERS.search(escaped(text))


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=3))
def test_a_table_has_a_cell_for_each_text(rows: list[tuple[str, str]]) -> None:
    parsed = PARSER.parse(table(["a", "b"], rows))
    cells = [
        "".join(part.content for part in parsed[place + 1].children)
        for place, token in enumerate(parsed)
        if token.type == "td_open"
    ]

    assert cells == [shown(cell) for row in rows for cell in row]


LINES = BLOCKS.encode().decode("unicode_escape")


@pytest.mark.parametrize(
    "text", [SCRIPT, LINK, LINES, VALUE, "---\n...\n", "a: b # c", "\n", "null", "\u2028---"]
)
def test_front_matter_holds_what_was_put_in(text: str) -> None:
    written = with_front_matter({"title": text, "tags": [text]}, "body")

    first, title, tags, tag, last, *body = written.split("\n")
    assert (first, tags, last, body) == ("---", "tags:", "---", ["", "body", ""])
    assert yaml.safe_load(f"{title}\n{tags}\n{tag}") == {"title": text, "tags": [text]}
