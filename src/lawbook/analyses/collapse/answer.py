"""What the answer of a study says of its collapses: on which ladder the curves are one, and how closely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lawbook.analyses.collapse.words import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile

_CASES = 3
"""Most cases of one collapse that the answer tells."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each collapse: γ, or the share of training with Δ < σ, of its first cases."""
    for name in content.analyses.of("collapse"):
        rows = results.analysis("collapse", name).table("exponents")
        told = [text for text in map(_case, rows.to_dict("records")) if text]
        if not told:
            yield f"the curves of {plain(name)} give no collapse"
            continue
        found = rows["exponent"].notna().any()
        what = "the curves of all sizes are closest where t* grows as N^γ with γ =" if found else "Δ < σ over"
        yield f"{plain(name)}: {what} {'; '.join(told[:_CASES])}"


def _case(row: Mapping[Any, Any]) -> str:
    """Return what is told of one case, '' if nothing."""
    at = f" at {case_name(str(row['case']))}" if row["case"] else ""
    if row["status"] != FitStatus.OK:
        return f"no answer{at}"
    if pd.notna(row["exponent"]):
        exact = f" (exactly {number(row['exact'])})" if pd.notna(row["exact"]) else ""
        return f"{measured(row['exponent'], row['low'], row['high'])}{exact}{at}"
    return f"{row['supercollapse']:.0%} of training{at}" if pd.notna(row["supercollapse"]) else ""
