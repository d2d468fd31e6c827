"""What the report warns of where y was predicted: laws that disagree, runs that are too few, and notes on the runs."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.prediction.words import place_text
from lawbook.laws.note import Severity, notes_from_json
from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warnings of each prediction."""
    for name in content.analyses.of("prediction"):
        found = results.analysis("prediction", name)
        for row in found.table("predictions").to_dict("records"):
            if row["status"] != FitStatus.OK:
                yield (
                    f"prediction_{row['status']}",
                    f"{plain(name)}, {place_text(row['place'])}: {row['reason']}",
                )
        parameters = found.table("parameters")
        if len(parameters):
            for note in notes_from_json(parameters["notes"].iloc[0]):
                if note.severity == Severity.WARNING:
                    yield note.code, f"{plain(name)}, {plain(parameters['law'].iloc[0])}: {note.message}"
