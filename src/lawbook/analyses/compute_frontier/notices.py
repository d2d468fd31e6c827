"""What the report warns of where a compute-optimal frontier was sought: what is refused, left out or biased."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.compute_frontier.words import method_name
from lawbook.laws.note import notes_from_json
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each frontier, by method."""
    for name in content.analyses.of("compute_frontier"):
        table = results.analysis("compute_frontier", name).table("exponents")
        for row in table[table["quantity"] == "size"].to_dict("records"):
            where = f"{plain(name)}, {method_name(row['method'])}"
            for note in notes_from_json(row["notes"]):
                yield note.code, f"{where}: {note.message}"
