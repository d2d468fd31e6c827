"""The characters of a figure's texts, and the fonts that have them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.patheffects import Normal
from matplotlib.text import Text

from lawbook.errors import listed

FALLBACKS = (
    "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei", "Droid Sans Fallback", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "SimHei",
    "Arial Unicode MS", "Noto Sans", "Noto Sans Devanagari", "Noto Sans Thai", "Noto Sans Symbols2",
)  # fmt: skip
"""Families with characters that DejaVu Sans lacks, in the order in which they are tried."""


def cover(figure: Figure) -> str:
    """Give the texts whose font lacks characters fallbacks that are installed; say which no font has, '' if none.

    A text whose own font has its characters stays as it is.
    """
    installed = {font.name for font in fontManager.ttflist}
    boxes: dict[str, str] = {}
    for text in figure.findobj(Text):
        families = list(text.get_fontfamily())
        missing = _missing(text.get_text(), families)
        for family in FALLBACKS:
            if missing and family in installed and (left := _missing(missing, [family])) != missing:
                families, missing = [*families, family], left
                text.set_fontfamily(families)
                # Drawn as outlines: matplotlib cannot embed fonts with PostScript outlines, as Noto's are, in a PDF.
                text.set_path_effects([Normal()])
        if missing:
            boxes[text.get_text()] = missing
    if not boxes:
        return ""
    characters = "".join(dict.fromkeys("".join(boxes.values())))
    return (
        f"No installed font has the characters {characters} of {listed(map(repr, boxes))}: they are drawn as boxes."
        " Install a font that has them, such as Noto Sans CJK, and draw the figure again."
    )


def _missing(text: str, families: Iterable[str]) -> str:
    """Return the characters of a text that no font of these families has, each once."""
    known = _characters(tuple(families))
    return "".join(dict.fromkeys(c for c in text if ord(c) not in known and not c.isspace()))


@cache
def _characters(families: tuple[str, ...]) -> frozenset[int]:
    fonts = (get_font(findfont(FontProperties(family=family))) for family in families)
    return frozenset().union(*(font.get_charmap() for font in fonts))
