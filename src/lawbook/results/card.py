"""The card of a study: what its page begins with, as JSON for the gallery, for archives and for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from lawbook.errors import LawbookError
from lawbook.storage.files import write_text
from lawbook.storage.status import Verdict

FILE = "card.json"


class _Part(BaseModel):
    # Infinite ends of an expected range, and what was not measured, are null.
    model_config = ConfigDict(extra="ignore", frozen=True, ser_json_inf_nan="null")


class ClaimCard(_Part):
    """A judged claim; the scales are of one run, by flops, N and D, as far as they are known.

    value: law.form.parameter, if the claim is about what was fitted itself, in the group that `where` names.
    """

    text: str
    verdict: Verdict
    origin: str
    source: str
    expected: str
    expected_low: float | None
    expected_high: float | None
    estimate: float | None
    low: float | None
    high: float | None
    n: int
    reason: str
    note: str
    scale_there: dict[str, float]
    scale_here: dict[str, float]
    value: str = ""
    where: dict[str, Any] = {}


class ExponentCard(_Part):
    """The exponent of a headline law and group, in the form that the answer tells; exact: the exact curves' own."""

    law: str
    group: str
    form: str
    parameter: str
    y: str
    x: str
    status: str
    estimate: float | None
    low: float | None
    high: float | None
    decades: float | None
    exact: dict[str, float]


class CostCard(_Part):
    """What it takes to train all runs of a study, whether they were trained now or came from the cache."""

    runs: int
    cpu_s: float | None
    flops: float | None
    devices: list[str]


class Card(_Part):
    """A study in short: `answer` is in sentences, `hero` the figure that shows it, None where nothing is drawn."""

    study: str
    title: str
    question: str
    topic: str
    answer: list[str]
    hero: str | None
    claims: list[ClaimCard]
    exponents: list[ExponentCard]
    cost: CostCard
    lawbook: str


def write_card(card: Card, folder: Path) -> None:
    """Write a card into the results folder of its study."""
    write_text(folder / FILE, card.model_dump_json(indent=1) + "\n")


def read_card(folder: Path) -> Card:
    """Return the card in a results folder. Raises LawbookError if it is absent or damaged."""
    file = folder / FILE
    try:
        return Card.model_validate_json(file.read_text(encoding="utf-8"))
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        problem = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
        raise LawbookError(f"{file} {problem}; `lawbook run {folder.name}` makes it") from error
