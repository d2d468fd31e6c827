"""What the page carries inside itself: figures as inline SVG, tables as data: links."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
from markupsafe import Markup

from lawbook.errors import LawbookError

_SVG, _XLINK, _DC = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xlink",
    "http://purl.org/dc/elements/1.1/",
)
_DRAWING = frozenset(
    {"svg", "g", "defs", "style", "path", "use", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text",
     "tspan", "clipPath", "image", "pattern", "linearGradient", "radialGradient", "stop", "symbol", "marker", "mask"}
)  # fmt: skip
"""Elements of a drawing that only draw."""

_LARGEST_PLAIN = 200_000
"""Bytes of CSV above which a link holds it compressed: browsers refuse long data: links, and a page stays small."""


@dataclass(frozen=True)
class Link:
    """A download: the name of the file and the data: address that holds it."""

    name: str
    href: str


@dataclass(frozen=True)
class InlineFigure:
    """A figure inside the page: its SVG, title, caption, its data as a download, and what it answers, if anything.

    place: where in the page it stands, of which its ids tell. asked: the runs that its points stand for.
    """

    place: str
    name: str
    svg: Markup
    title: str
    caption: str
    data: Link
    answers: dict[str, Any] | None
    asked: frozenset[str]


def csv_link(name: str, text: str) -> Link:
    """Return a download of a CSV text, compressed if it is long; the same text gives the same link."""
    data, kind = text.encode(), "text/csv;charset=utf-8"
    if len(data) > _LARGEST_PLAIN:
        data, kind, name = gzip.compress(data, mtime=0), "application/gzip", f"{name}.gz"
    return Link(name, f"data:{kind};base64,{base64.b64encode(data).decode()}")


def text_link(name: str, text: str) -> Link:
    """Return a download of a text that is to be pasted."""
    return Link(name, f"data:text/plain;charset=utf-8;base64,{base64.b64encode(text.encode()).decode()}")


def table_link(name: str, table: pd.DataFrame) -> Link:
    """Return a download of a table as CSV, with every digit that a float64 needs."""
    return csv_link(f"{name}.csv", table.to_csv(index=False))


def inline_figure(folder: Path, name: str, place: str = "figure") -> InlineFigure:
    """Return a drawn figure for a place in the page. Raises LawbookError naming a file that is absent or damaged.

    The SVG is parsed and written anew: no metadata, no comments, nothing that acts or that fetches, scaled to the
    page, its ids made its own.
    """
    file = folder / f"{name}.svg"
    try:
        root = ElementTree.parse(file).getroot()
        data = (folder / f"{name}.csv").read_text(encoding="utf-8")
        answers, asked = _answers((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, ElementTree.ParseError) as error:
        raise LawbookError(f"{file}: the figure cannot be read ({error}); draw it again") from error
    title, caption = (root.findtext(f".//{{{_DC}}}{tag}") or "" for tag in ("title", "description"))
    for metadata in root.findall(f"{{{_SVG}}}metadata"):
        root.remove(metadata)
    _disarm(root)
    own = f"{place}-{name}"
    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id":
                element.set(key, f"{own}-{value}")
            elif key == f"{{{_XLINK}}}href" and value.startswith("#"):
                element.set(key, f"#{own}-{value[1:]}")
            elif "url(#" in value:
                element.set(key, value.replace("url(#", f"url(#{own}-"))
    root.set("role", "img")
    root.set("aria-label", f"{title}. {caption}")
    # A little larger than in print, no wider than the text, and on a phone no smaller than can be read.
    width = root.get("width", "100%")
    root.set("style", f"max-width: calc(1.35 * {width}); min-width: calc(0.6 * {width})")
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    svg = Markup(ElementTree.tostring(root, encoding="unicode"))
    return InlineFigure(place, name, svg, title, caption, csv_link(f"{name}.csv", data), answers, asked)


def _answers(text: str) -> tuple[dict[str, Any] | None, frozenset[str]]:
    """Return what a figure answers, None if nothing, and the runs that its points stand for."""
    answers = json.loads(text, parse_constant=_refuse)
    asked = frozenset(str(run) for runs in answers["runs"] for run in runs["ids"])
    return (answers, asked) if answers["panels"] else (None, frozenset())


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _disarm(element: ElementTree.Element) -> None:
    """Take out what a drawing does not need and a browser would act on: scripts, handlers, addresses of elsewhere."""
    for key, value in list(element.attrib.items()):
        address = key.endswith("href") and not value.startswith(("#", "data:image/png;base64,"))
        if key.lower().startswith("on") or address:
            del element.attrib[key]
    for child in list(element):
        if not isinstance(child.tag, str) or child.tag.removeprefix(f"{{{_SVG}}}") not in _DRAWING:
            element.remove(child)
        else:
            _disarm(child)
