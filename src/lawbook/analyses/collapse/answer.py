"""What the answer of a study says of its collapses: on which ladder the curves are one, and how closely."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from lawbook.results.cases import case_name
from lawbook.results.reader import Results
from lawbook.results.words import measured, number, plain
from lawbook.storage.status import FitStatus
from lawbook.studies.schema import StudyFile

_CASES = 3
"""Most cases of one collapse that the answer tells."""


def answer(content: StudyFile, results: Results) -> Iterator[str]:
    """Yield a clause for each collapse: γ, or the share of training with Δ < σ, of its first cases that have one."""
    for name in content.analyses.of("collapse"):
        rows = results.analysis("collapse", name).table("exponents")
        sound = rows[rows["status"] == FitStatus.OK]
        exponents = sound[sound["exponent"].notna()]
        if len(exponents):
            told = "; ".join(map(_exponent, exponents.to_dict("records")[:_CASES]))
            yield f"curves of all sizes are closest where training grows as t* ~ N^γ with γ = {told}"
        elif sound["supercollapse"].notna().any():
            told = "; ".join(map(_share, sound.dropna(subset="supercollapse").to_dict("records")[:_CASES]))
            yield f"sizes of {plain(name)} lie closer than seeds over {told}"
        else:
            yield f"the curves of {plain(name)} give no collapse"


def _exponent(row: Mapping[Any, Any]) -> str:
    exact = f" (exactly {number(row['exact'])})" if pd.notna(row["exact"]) else ""
    return f"{measured(row['exponent'], row['low'], row['high'])}{exact}{_at(row)}"


def _share(row: Mapping[Any, Any]) -> str:
    return f"{row['supercollapse']:.0%} of training{_at(row)}"


def _at(row: Mapping[Any, Any]) -> str:
    return f" at {case_name(row['case'])}" if row["case"] else ""
