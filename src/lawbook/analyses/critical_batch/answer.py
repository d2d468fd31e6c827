"""What the answer of a study says of its critical batch sizes."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain
from lawbook.studies.schema import StudyFile


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each critical batch size."""
    for name, block in content.analyses.of("critical_batch").items():
        row = results.analysis("critical_batch", name).table("trade_off").iloc[0]
        exact = f" (exactly {number(row['exact'])})" if pd.notna(row["exact"]) else ""
        value = measured(row["critical_batch"], row["low"], row["high"])
        yield f"the critical batch size on the way to a {plain(block.y)} of {number(block.level)} is {value}{exact}"
