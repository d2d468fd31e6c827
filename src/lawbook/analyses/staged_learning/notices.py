"""What the report warns of where runs count the tasks that they have learned: that there are none."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.reader import Results
from lawbook.studies.schema import StudyFile

LEARNED = "test_learned_tenth_bit"


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield a warning if no task came below the threshold in some runs."""
    runs = results.runs
    none = int((runs[LEARNED] == 0).sum()) if LEARNED in runs else 0
    if none:
        case = f"in {none} of {len(runs)} runs no task came below 0.1 bit"
        yield "nothing_learned", f"{case}: more steps, width or samples are needed"
