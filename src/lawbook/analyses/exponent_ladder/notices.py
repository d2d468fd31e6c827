"""What the report warns of where a ladder was climbed: what is refused, left out or biased."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.laws.note import notes_from_json
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each rung."""
    for name in content.analyses.of("exponent_ladder"):
        for row in results.analysis("exponent_ladder", name).table("rungs").to_dict("records"):
            for note in notes_from_json(row["notes"]):
                yield note.code, f"{plain(name)}, {plain(row['rung'])}: {note.message}"
