"""What the answer of a study says of its frontiers: whether the best pruned pool beats a power law."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.reader import Results
from lawbook.results.words import plain, span
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each frontier, with the window over which it was judged."""
    for name in content.analyses.of("pruning_frontier"):
        found = results.analysis("pruning_frontier", name).table("verdict").iloc[0]
        yield f"the frontier {plain(name)}: {found['verdict']}, over {span(found['x_low'], found['x_high'])} kept"
