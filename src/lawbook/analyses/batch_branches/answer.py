"""What the answer of a study says of its branches with larger batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, number
from lawbook.studies.schema import StudyFile


def critical_text(row: Mapping[Any, Any]) -> str:
    """Write the critical batch size in a row of the table 'critical'."""
    if row["beyond"]:
        return f"above {number(row['critical_batch'])}"
    return measured(row["critical_batch"], row["low"], row["high"])


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each case: the critical batch size at its first and at its last step of branching."""
    for name in content.analyses.of("batch_branches"):
        for case, rows in (
            results.analysis("batch_branches", name).table("critical").groupby("case", sort=False)
        ):
            ends = rows.iloc[sorted({0, len(rows) - 1})].to_dict("records")
            told = [f"{critical_text(row)} after {number(row['samples'])} examples" for row in ends]
            at = f" at {case_name(str(case))}" if case else ""
            yield f"the critical batch size of branches{at} is {' and '.join(told)}"
