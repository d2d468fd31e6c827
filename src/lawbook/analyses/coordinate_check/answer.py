"""What the answer of a study says of its coordinate checks: the exponents of the layer that changes most with size."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.analyses.coordinate_check.words import furthest
from lawbook.results.reader import Results
from lawbook.results.words import name_of, plain
from lawbook.studies.schema import StudyFile

_CASES = 3
"""Most cases of one check that the answer tells."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each check: of its first cases the layer whose exponent is furthest from 0."""
    blocks = content.analyses.of("coordinate_check")
    for name, block in blocks.items():
        whose = f" of {plain(name)}" if len(blocks) > 1 else ""
        told = furthest(results.analysis("coordinate_check", name).table("slopes"))
        if told:
            yield (
                f"of all layers{whose} {plain(block.y)} follows {name_of(block.size)} most with the power "
                f"{'; '.join(told[:_CASES])}"
            )
        else:
            yield f"no layer of {plain(name)} moves at every {name_of(block.size)}"
