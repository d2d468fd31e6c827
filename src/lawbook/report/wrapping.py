"""Text in lines of a given width: broken at blanks, long names at / . _ -, shortened in the middle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

ELLIPSIS = "…"

_PARTS = (re.compile(r"[^/]*/+|[^/]+"), re.compile(r".+?(?:[/_]+|[.-]+(?!\d)|$)"))
"""The parts of a name, large and small: each ends in a separator, but numbers stay whole."""

_LONG = 1 / 3
"""Share of the room from which a word is long: it is broken rather than begun on a new line, where lines are few."""


def fitted(text: str, room: float, lines: int, width: Callable[[str], float] = len) -> str:
    """Return a text in at most so many lines, none wider than the room; what is too long lacks its middle.

    width: the width of a text on one line. Line breaks that are there stay while all fits.

    >>> print(fitted("run.summary.eval/c4_en-validation/CrossEntropyLoss", 20, 3))
    run.summary.eval/
    c4_en-validation/
    CrossEntropyLoss
    >>> fitted("run.summary.eval/c4_en-validation/CrossEntropyLoss", 40, 1)
    'run.summary.eval/…/CrossEntropyLoss'
    >>> fitted("0.41 [0.38, 0.45]", 6, 3)
    '0.41\\n[0.38,\\n0.45]'
    """
    for broken in (room, _LONG * room):
        whole = _wrapped(text, room, broken, width)
        if len(whole) <= lines:
            return "\n".join(whole)

    def without_middle(kept: int, at_separators: bool = False) -> list[str]:
        return _wrapped(_without_middle(text, kept, at_separators), room, _LONG * room, width)

    few, many = (
        0,
        len(text),
    )  # characters that are kept: for the first there is room, for the second there is none
    while many - few > 1:
        kept = (few + many) // 2
        few, many = (kept, many) if len(without_middle(kept)) <= lines else (few, kept)
    tidy = without_middle(few, at_separators=True)
    return "\n".join(tidy if len(tidy) <= lines else without_middle(few))


def _without_middle(text: str, kept: int, at_separators: bool) -> str:
    """Return the first and the last of a text's characters; cut at separators, fewer of them where one is near.

    >>> name = "run.summary.eval/c4_en-validation/CrossEntropyLoss"
    >>> _without_middle(name, 38, at_separators=False), _without_middle(name, 38, at_separators=True)
    ('run.summary.eval/c4…on/CrossEntropyLoss', 'run.summary.eval/…/CrossEntropyLoss')
    """
    flat = " ".join(text.split())
    head, tail = flat[: (kept + 1) // 2], flat[len(flat) - kept // 2 :]
    if at_separators:
        near = kept // 4
        for separators in ("/", " ._-"):  # the large parts of a name first
            if any(mark in head[-near:] for mark in separators):
                head = head[: max(head.rfind(mark) for mark in separators) + 1].rstrip()
                break
        for separators in ("/", " ._-"):
            if any(mark in tail[:near] for mark in separators):
                tail = tail[min(at for mark in separators if (at := tail.find(mark)) >= 0) :].lstrip(" ._-")
                break
    return head + ELLIPSIS + tail


def _wrapped(text: str, room: float, broken: float, width: Callable[[str], float]) -> list[str]:
    """Return the lines of a text; words wider than `broken` are broken where the rest of a line is too short."""
    return [line for part in text.split("\n") for line in _lines(part, room, broken, width)]


def _lines(text: str, room: float, broken: float, width: Callable[[str], float]) -> Iterator[str]:
    line = ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if width(longer) <= room:
            line = longer
        elif width(word) <= broken:
            yield line
            line = word
        else:
            line += " " if line else ""
            for piece in _pieces(word, room, broken, width):
                if line and width(line + piece) > room:
                    yield line.rstrip()
                    line = ""
                line += piece
    yield line


def _pieces(word: str, room: float, broken: float, width: Callable[[str], float]) -> Iterator[str]:
    """Yield what a word may be broken into: its parts, of one that is wider than the room the characters."""
    large, small = _PARTS
    for path in large.findall(word):
        for part in [path] if width(path) <= broken else small.findall(path):
            yield from [part] if width(part) <= room else part
