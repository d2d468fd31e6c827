"""What the answer of a study says of its phases of learning."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.grokking.block import PHASES
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: how many of its cases end in which phase."""
    for name in content.analyses.of("grokking"):
        cases = results.analysis("grokking", name).table("cases")
        found = {phase: int((cases["phase"] == phase).sum()) for phase in PHASES}
        told = enumerate_words(f"{n} in {phase}" for phase, n in found.items() if n)
        if told:
            yield f"of {count(len(cases), 'setting')} of {plain(name)} {told}"
