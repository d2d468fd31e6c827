"""Words of a study and its tables inside Markdown: shown as they are, and never taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_MARKUP = re.compile(r"[\\`*\[\]<>|~$&!@]|(?<![^\W_])_|_(?![^\W_])|(?<!\S)#")
"""What marks up text inside a line, and what ends a heading; an underscore between letters does not."""
_AT_START = re.compile(r"^(?=[+=:-])|^(\d+)(?=[.)](?:\s|$))")
"""What makes a line a heading, a list or a rule."""
_ADDRESS = re.compile(r":(?=//)|(?<=www)\.|(?<=\])\(", re.IGNORECASE)
"""What makes an address a link by itself; a bracket after one that is escaped, since simple readers ignore that."""


def escaped(text: object) -> str:
    r"""Return a text on one line in which nothing is markup, a link, HTML or unseen.

    Where a reader takes a line that is one word for an image to load, as Trackio's does, words of ours stand before it.

    >>> escaped("error_by_data of <b>width</b> 8"), escaped("# [a](javascript:b)")
    ('error_by_data of \\<b\\>width\\</b\\> 8', '\\# \\[a\\]\\(javascript:b)')
    >>> escaped("1. see\nhttps://example.org\x1b"), escaped("--- _x_")
    ('1\\. see https\\://example.org�', '\\--- \\_x\\_')
    """
    line = " ".join(str(text).split())
    seen = "".join(letter if letter.isprintable() else "�" for letter in line)
    inside = _ADDRESS.sub(r"\\\g<0>", _MARKUP.sub(r"\\\g<0>", seen))
    return _AT_START.sub(r"\1\\", inside)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    r"""Return a Markdown table; its cells are escaped.

    >>> table(["a", "b"], [(1, "x|y")])
    '| a | b |\n| --- | --- |\n| 1 | x\\|y |'
    """
    lines = [header, ["---"] * len(header), *([escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
