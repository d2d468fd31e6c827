"""What the report warns of where the statistics of texts were read: what is refused, and why."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.laws.note import notes_from_json
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each prediction; those of the law beside it stand with the law."""
    for name in content.analyses.of("text_statistics"):
        exponents = results.analysis("text_statistics", name).table("exponents")
        for row in exponents[exponents["quantity"] == "predicted"].to_dict("records"):
            text = ", ".join(filter(None, (plain(name), case_name(row["case"]))))
            for note in notes_from_json(row["notes"]):
                yield note.code, f"{text}: {note.message}"
