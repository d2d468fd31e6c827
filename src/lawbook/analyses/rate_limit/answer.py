"""What the answer of a study says of its limits of small rates."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, number, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the slope over that of theory, or how differences fall where rates halve."""
    for name, block in content.analyses.of("rate_limit").items():
        limits = results.analysis("rate_limit", name).table("limits")
        exact = limits["exact_richardson"].fillna(limits["richardson"]).dropna()
        halving = limits["halving"].dropna()
        if len(exact):
            told = enumerate_words([number(value, 4) for value in exact])
            yield f"the slope of {plain(block.y)} in η is {told} of theory's first order in {plain(name)}"
        elif len(halving):
            told = enumerate_words([number(value, 3) for value in halving])
            yield f"halving η divides what {plain(block.y)} still changes by {told} in {plain(name)}"
