"""What the answer of a study says of its predictions."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.prediction.words import place_text
from lawbook.results.reader import Results
from lawbook.results.words import count, measured, number, plain
from lawbook.storage.status import UNDECIDED, FitStatus
from lawbook.studies.schema import StudyFile

_TOLD = 2
"""Targets of one prediction that are told; more are left to the table."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each of the first targets: what is predicted there, or why nothing is."""
    for name, block in content.analyses.of("prediction").items():
        table = results.analysis("prediction", name).table("predictions")
        for row in table.head(_TOLD).to_dict("records"):
            what = f"{plain(block.y)} at {place_text(row['place'])}"
            if row["status"] == FitStatus.REFUSED:
                yield f"{what} cannot be predicted: {row['reason']}"
            elif row["status"] == UNDECIDED:
                ends = f"{number(row['least'], 4)} to {number(row['most'], 4)}"
                yield f"{what} is undecided: the best laws say {ends}, further apart than the interval of each"
            else:
                yield f"{what} is predicted as {measured(row['estimate'], row['low'], row['high'])}"
        if len(table) > _TOLD:
            yield f"{count(len(table) - _TOLD, 'further target')} of {plain(name)} below"
