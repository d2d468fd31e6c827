"""What the answer of a study says of why its power laws break."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.breakdown.words import cause_name
from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, plain
from lawbook.storage.status import UNDECIDED
from lawbook.studies.schema import StudyFile

_NAMED = 3
"""Most cases that are named one by one."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: how many causes were decided and rightly, or the cause of each case."""
    for name, block in content.analyses.of("breakdown").items():
        cases = results.analysis("breakdown", name).table("cases")
        decided = cases[cases["found"] != UNDECIDED]
        if block.planted is not None:
            wrong = int((decided["found"] != decided["planted"]).sum())
            yield (
                f"of {count(len(cases), 'sweep')} with a planted cause, {len(decided)} are decided from the curves "
                f"alone, {wrong} of them wrongly"
            )
        elif len(cases) <= _NAMED:
            told = [
                _of_case(str(case), cause) for case, cause in zip(cases["case"], cases["found"], strict=True)
            ]
            yield f"the power law of {plain(block.y)} in {plain(name)}: {enumerate_words(told)}"
        else:
            told = [f"{n} {cause_name(str(cause))}" for cause, n in cases["found"].value_counts().items()]
            yield f"of {count(len(cases), 'sweep')} in {plain(name)}, {enumerate_words(told)}"


def _of_case(case: str, cause: str) -> str:
    return f"{cause_name(cause)} at {case_name(case)}" if case else cause_name(cause)
