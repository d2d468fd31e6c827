"""What the report warns of where frontiers were found: what their runs lack."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.laws.note import notes_from_json
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each frontier."""
    for name in content.analyses.of("pruning_frontier"):
        verdict = results.analysis("pruning_frontier", name).table("verdict").iloc[0]
        for note in notes_from_json(verdict["notes"]):
            yield note.code, f"{plain(name)}: {note.message}"
