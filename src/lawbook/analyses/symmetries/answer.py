"""What the answer of a study says of its symmetries: the groups of the first search that found any, and the others."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.symmetries.words import kept_groups, reduced_of
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile

_TOLD = 2
"""Searches whose groups are told."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each of the first searches: its symmetries, and the groups that are left."""
    for name, block in list(content.analyses.of("symmetries").items())[:_TOLD]:
        found = results.analysis("symmetries", name)
        summary, exponents = found.table("summary").iloc[0], found.table("exponents")
        if summary["status"] != FitStatus.OK:
            yield f"the derivatives of {plain(name)} tell no symmetry from none"
        elif not summary["symmetries"]:
            n = len(block.hyperparameters)
            yield f"{plain(name)} has no scaling symmetry: all {count(n, 'hyperparameter')} matter by themselves"
        else:
            groups = enumerate_words(kept_groups(block, found.table("groups"))) or "none of them"
            yield (
                f"of {count(len(block.hyperparameters), 'hyperparameter')} of {plain(name)}, "
                f"{reduced_of(block, exponents)} depends on {groups} alone"
            )
