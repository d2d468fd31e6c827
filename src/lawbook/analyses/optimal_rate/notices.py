"""What the report warns of where best learning rates were sought: what is refused, or lies on an edge."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.laws.note import notes_from_json
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each analysis, by case."""
    for name in content.analyses.of("optimal_rate"):
        for row in results.analysis("optimal_rate", name).table("exponents").to_dict("records"):
            where = ", ".join(filter(None, (plain(name), case_name(row["case"]))))
            for note in notes_from_json(row["notes"]):
                yield note.code, f"{where}: {note.message}"
