"""What the answer of a study says of its critical points."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.laws.repeats import mean_interval
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the rank correlation, or how many points are known ones."""
    for name in content.analyses.of("critical_points"):
        seeds = results.analysis("critical_points", name).table("seeds")
        told = f"{number(int(seeds['found'].sum()))} critical points of the {plain(name)}"
        if seeds["known"].notna().all():
            yield f"{number(100 * seeds['known'].mean())} % of {told} have the loss and the index that theory knows"
        else:
            of = "error" if seeds["rank_error"].notna().all() else "loss"
            value = measured(*mean_interval(seeds[f"rank_{of}"]))
            yield f"the share of negative directions at {told} rises with the {of}, with a rank correlation of {value}"
