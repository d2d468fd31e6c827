"""What the answer of a study says of its best learning rates: which way they move, and how fast."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, name_of, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile

_CASES = 3
"""Most cases of one analysis that the answer tells."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each analysis: the exponent of η* in x, of its first cases."""
    blocks = content.analyses.of("optimal_rate")
    for name, block in blocks.items():
        alike = sum(each.x == block.x for each in blocks.values()) > 1
        whose = f" of {plain(name)}" if alike else ""
        exponents = results.analysis("optimal_rate", name).table("exponents")
        told = []
        for row in exponents[exponents["status"] == FitStatus.OK].to_dict("records")[:_CASES]:
            exact = f" (exactly {number(row['exact'])})" if pd.notna(row["exact"]) else ""
            at = f" at {case_name(row['case'])}" if row["case"] else ""
            told.append(f"{measured(row['exponent'], row['low'], row['high'])}{exact}{at}")
        if told:
            yield f"the best learning rate{whose} goes as {name_of(block.x)} to the power {'; '.join(told)}"
        else:
            yield f"no case of {plain(name)} has a best learning rate at two values of {name_of(block.x)}"
