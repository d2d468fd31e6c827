"""What the report warns of where symmetries were sought: what is refused, or left out."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.laws.note import Severity, notes_from_json
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each search."""
    for name in content.analyses.of("symmetries"):
        (told,) = results.analysis("symmetries", name).table("summary")["notes"]
        for note in notes_from_json(told):
            if note.severity != Severity.INFO:
                yield note.code, f"{plain(name)}: {note.message}"
