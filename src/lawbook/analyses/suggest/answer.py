"""What the answer of a study says of the runs to make next."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.suggest.words import width_text
from lawbook.results.reader import Results
from lawbook.results.words import count, number, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each suggestion: how many runs, at what cost, and what they are expected to tell."""
    for name, block in content.analyses.of("suggest").items():
        found = results.analysis("suggest", name)
        choice, n = found.table("choice").iloc[0].to_dict(), len(found.table("next_runs"))
        if choice["nothing"]:
            yield f"no further run is suggested for {plain(block.y)}: {choice['nothing']}"
            continue
        text = f"the next {count(n, 'run')} cost {number(choice['spent'])}"
        if choice["fallback"]:
            yield f"{text}, drawn in proportion to 1/cost since {choice['fallback']}"
        else:
            now, after = (width_text(choice[when], choice) for when in ("now", "after"))
            yield f"{text} and are expected to narrow {plain(block.y)} at the target from {now} to {after}"
