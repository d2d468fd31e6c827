"""What the report warns of where runs were suggested: that no law has chosen them."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.reader import Results
from lawbook.results.words import plain
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield a warning for each suggestion that was drawn, or that suggests nothing."""
    for name in content.analyses.of("suggest"):
        choice = results.analysis("suggest", name).table("choice").iloc[0]
        if choice["fallback"]:
            yield (
                "suggestion_drawn",
                f"{plain(name)}: runs are drawn in proportion to 1/cost: {choice['fallback']}",
            )
        if choice["nothing"]:
            yield "nothing_suggested", f"{plain(name)}: {choice['nothing']}"
