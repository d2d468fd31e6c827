"""What the report warns of where layers were compared over sizes: what is refused."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.laws.note import notes_from_json
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each check, by case and layer."""
    for name in content.analyses.of("coordinate_check"):
        for row in results.analysis("coordinate_check", name).table("slopes").to_dict("records"):
            where = ", ".join(filter(None, (plain(name), case_name(row["case"]), row["layer"])))
            for note in notes_from_json(row["notes"]):
                yield note.code, f"{where}: {note.message}"
