"""Notes: what a reader must know of data and fits besides their numbers, as values that code can ask."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """What a note costs: nothing, trust in a number, or the answer itself."""

    INFO = "info"
    WARNING = "warning"
    REFUSAL = "refusal"


@dataclass(frozen=True)
class Note:
    """One thing to know: `code` is fixed vocabulary, `message` a sentence for readers, `details` what it says.

    The details are plain values (numbers, texts, lists of these), so that nobody has to read them out of the
    message. `rows`, where a note is about some, are labels of the table's index.
    """

    code: str
    severity: Severity
    message: str
    details: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


def info(code: str, message: str, **details: Any) -> Note:
    """Return a note on how something was done."""
    return Note(code, Severity.INFO, message, details)


def warning(code: str, message: str, **details: Any) -> Note:
    """Return a note on what makes a number less sure than it looks."""
    return Note(code, Severity.WARNING, message, details)


def refusal(code: str, message: str, **details: Any) -> Note:
    """Return a note on why there is no answer, or none that the data fix."""
    return Note(code, Severity.REFUSAL, message, details)


def reason_of(notes: Iterable[Note]) -> str:
    """Return why there is no answer: the messages of the refusals, '' where there are none."""
    return "; ".join(note.message for note in notes if note.severity == Severity.REFUSAL)


def codes_of(notes: Iterable[Note]) -> set[str]:
    """Return the codes of some notes."""
    return {note.code for note in notes}


def notes_to_json(notes: Iterable[Note]) -> str:
    """Write notes as a JSON list, for one cell of a table.

    >>> notes_to_json([warning("no_repeats", "no seeds repeat the points", points=3)])
    '[{"code": "no_repeats", "severity": "warning", "message": "no seeds repeat the points", "details": {"points": 3}}]'
    """
    return json.dumps(
        [_strict(asdict(note)) for note in notes], ensure_ascii=False, allow_nan=False, default=str
    )


def notes_from_json(text: str) -> tuple[Note, ...]:
    """Return the notes that `notes_to_json` wrote."""
    return tuple(Note(**{**note, "severity": Severity(note["severity"])}) for note in json.loads(text))


def _strict(value: Any) -> Any:
    """Return a value with null for what is no number in JSON: NaN and infinities."""
    if isinstance(value, dict):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
