"""What the answer of a study says of dimensions told by exponents."""

from __future__ import annotations

from collections.abc import Iterator

from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import enumerate_words, measured, number, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the dimension that the exponent tells in each case."""
    for name, block in content.analyses.of("manifold_dimension").items():
        rows = results.analysis("manifold_dimension", name).table("exponents").to_dict("records")
        told = [
            f"{measured(row['dimension'], row['dimension_low'], row['dimension_high'])}"
            f" ({case_name(row['case']) or plain(name)})"
            for row in rows
            if row["dimension"] == row["dimension"]
        ]
        if told:
            yield f"{number(block.numerator)}/α is {enumerate_words(told)}"
