"""What the gallery shows of each finished study: its card, its thumbnail, and where its page lies."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from lawbook.errors import LawbookError
from lawbook.report.claim_lines import Interval, interval, scale_text
from lawbook.results.card import Card, ClaimCard, read_card
from lawbook.results.words import count, measured, number
from lawbook.storage.status import Verdict
from lawbook.studies.presets import split_name

THUMBNAIL = "thumbnail"
"""Name of the files that hold a study's thumbnail."""

OTHERS = "Other studies"
"""The group of studies that name no topic."""

_DC = "http://purl.org/dc/elements/1.1/"


@dataclass(frozen=True)
class Picture:
    """A drawing as an address that holds it, and what it shows in words."""

    href: str
    title: str
    caption: str


@dataclass(frozen=True)
class Shown:
    """A finished study: its folder in the results, its card, and its thumbnail if it draws anything."""

    name: str
    folder: Path
    card: Card
    picture: Picture | None

    @property
    def study(self) -> str:
        """Return the name of the study without that of its preset."""
        return split_name(self.name)[0]

    @property
    def preset(self) -> str:
        """Return the preset that was run; empty for the study as it is written."""
        return split_name(self.name)[1] or ""

    @property
    def topic(self) -> str:
        """Return the group that the study stands in."""
        return self.card.topic or OTHERS

    @property
    def cost(self) -> str:
        """Return what it takes to train its runs, in words."""
        cost = self.card.cost
        if cost.cpu_s is None:
            return f"{count(cost.runs, 'run')} from a table; nothing was trained"
        on = " and ".join(cost.devices) or "an unknown device"
        return f"{count(cost.runs, 'run')}, {seconds_text(cost.cpu_s)} of training on {on}"


@dataclass(frozen=True)
class ClaimRow:
    """A claim of a study, ready to print and to be sorted."""

    study: Shown
    claim: ClaimCard
    measured: str
    scale: str
    axis: Interval


def collect(names: Iterable[str], results: Path) -> list[Shown]:
    """Return what is shown of studies: the topics with most of them first, and those without one last.

    Raises LawbookError for a card or a thumbnail that is not there.
    """
    found = []
    for name in names:
        folder = results / name
        card = read_card(folder)
        picture = None if card.hero is None else read_picture(folder / f"{THUMBNAIL}.svg")
        found.append(Shown(name, folder, card, picture))
    studies = Counter(one.topic for one in found)
    return sorted(found, key=lambda one: (one.topic == OTHERS, -studies[one.topic], one.topic, one.name))


def read_picture(file: Path) -> Picture:
    """Return an SVG as an image that a page holds: it runs nothing and fetches nothing, whatever stands in it.

    Raises LawbookError if it is absent or damaged.
    """
    try:
        data = file.read_bytes()
        root = ElementTree.fromstring(data)
    except (OSError, ElementTree.ParseError) as error:
        fix = "`lawbook gallery` draws it again once it is deleted"
        raise LawbookError(f"{file}: the thumbnail cannot be read ({error}); {fix}") from error
    title, caption = (root.findtext(f".//{{{_DC}}}{tag}") or "" for tag in ("title", "description"))
    return Picture(f"data:image/svg+xml;base64,{base64.b64encode(data).decode()}", title, caption)


def claim_rows(studies: Sequence[Shown]) -> list[ClaimRow]:
    """Return a row per claim of each study."""
    return [claim_row(one, claim) for one in studies for claim in one.card.claims]


def claim_row(study: Shown, claim: ClaimCard) -> ClaimRow:
    """Return a claim as it is printed."""
    expected = (
        float("-inf") if claim.expected_low is None else claim.expected_low,
        float("inf") if claim.expected_high is None else claim.expected_high,
    )
    values = [float("nan") if value is None else value for value in (claim.estimate, claim.low, claim.high)]
    return ClaimRow(
        study=study,
        claim=claim,
        measured="nothing" if claim.estimate is None else measured(claim.estimate, claim.low, claim.high),
        scale=scale_text(claim.scale_there, claim.scale_here),  # type: ignore[arg-type]
        axis=interval(expected, values),
    )


def verdict_counts(claims: Iterable[ClaimCard]) -> dict[Verdict, int]:
    """Return how many claims have each verdict."""
    verdicts = [claim.verdict for claim in claims]
    return {verdict: verdicts.count(verdict) for verdict in Verdict}


def seconds_text(seconds: float) -> str:
    """Write CPU time in the unit that suits it.

    >>> seconds_text(155.04), seconds_text(0.9), seconds_text(5400), seconds_text(2e6)
    ('155 CPU-seconds', '0.9 CPU-seconds', '90 CPU-minutes', '556 CPU-hours')
    """
    for unit, size in (("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 10 * size:
            return f"{number(seconds / size)} CPU-{unit}"
    return f"{number(seconds)} CPU-seconds"
