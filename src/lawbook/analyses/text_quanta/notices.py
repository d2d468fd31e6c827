"""What the report warns of where quanta were looked for in a text: that few tokens qualified."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.reader import Results
from lawbook.results.words import number
from lawbook.studies.schema import StudyFile


def notices(content: StudyFile, results: Results) -> Iterator[tuple[str, str]]:
    """Yield the warning of each analysis that clusters fewer tokens than it asked for."""
    for name, block in content.analyses.of("text_quanta").items():
        n = len(results.analysis("text_quanta", name).table("tokens"))
        if n != block.samples:
            problem = f"{name}: only {number(n)} of {number(block.samples)} tokens qualify"
            yield "few_tokens", f"{problem}; raise analyses.text_quanta.{name}.loss_quantile"
