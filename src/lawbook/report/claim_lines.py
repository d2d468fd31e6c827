"""Claims as page one shows them: verdict, the measured interval beside the expected band, source, and scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.claims.judge import expected_range
from lawbook.results.reader import Results
from lawbook.results.selection import select, where
from lawbook.results.words import measured, number
from lawbook.studies.claim_block import Claim, Scale
from lawbook.studies.schema import StudyFile

HERE: Mapping[Scale, str] = {"flops": "flops", "N": "n_params", "D": "n_train"}
"""The column of the runs that holds what a source's scale is called by."""

UNITS: Mapping[Scale, str] = {"flops": "{} FLOPs", "N": "{} parameters", "D": "{} examples"}
MARGIN = 6
"""Room at both ends of an axis, in per cent of its width."""


@dataclass(frozen=True)
class Interval:
    """Places on a claim's small axis, in per cent of its width; None where there is none."""

    band_low: float
    band_high: float
    low: float | None
    high: float | None
    at: float | None


@dataclass(frozen=True)
class ClaimLine:
    """One claim, ready to print."""

    text: str
    verdict: str
    expected: str
    measured: str
    n: str
    origin: str
    source: str
    reason: str
    note: str
    scale: str
    axis: Interval


def claim_lines(content: StudyFile, results: Results) -> list[ClaimLine]:
    """Return a line per claim, in the study's order."""
    return [
        _line(content.claims[row["claim"]], row, content, results)
        for row in results.claims.to_dict("records")
    ]


def _line(claim: Claim, row: Mapping[Any, Any], content: StudyFile, results: Results) -> ClaimLine:
    values = row["estimate"], row["low"], row["high"]
    reason = str(row["reason"] or "")
    return ClaimLine(
        text=str(row["text"]),
        verdict=str(row["verdict"]),
        expected=str(row["expected"]),
        measured=measured(*values) if pd.notna(row["estimate"]) else "nothing",
        n=number(row["n"]),
        origin=str(row["origin"]),
        source=str(row["source"] or ""),
        reason=reason[:1].upper() + reason[1:],
        note=claim.note.strip(),
        scale=scale_text(claim.scale, scales_here(claim, content, results)),
        axis=interval(expected_range(claim), values),
    )


def interval(expected: tuple[float, float], values: Sequence[float]) -> Interval:
    """Return where the expected band and estimate, low and high of a measurement stand on an axis that holds them.

    An end of the band that is infinite stands at the axis's.
    """
    finite = [float(v) for v in (*expected, *values) if pd.notna(v) and np.isfinite(v)]
    low, high = min(finite), max(finite)
    width = (high - low) or abs(high) or 1.0

    def place(value: float) -> float | None:
        if pd.isna(value) or not np.isfinite(value):
            return None
        return round(MARGIN + (100 - 2 * MARGIN) * (float(value) - low) / width, 2)

    band = [place(end) for end in expected]
    at, left, right = (place(value) for value in values)
    return Interval(
        band_low=0.0 if band[0] is None else band[0],
        band_high=100.0 if band[1] is None else band[1],
        low=left,
        high=right,
        at=at,
    )


def scales_here(claim: Claim, content: StudyFile, results: Results) -> dict[Scale, float]:
    """Return the largest compute, N and D of the runs that a claim is about, of those that its source's scale names.

    What the runs do not tell is left out.
    """
    runs = _behind(claim, content, results)
    known = [name for name in claim.scale if HERE[name] in runs and runs[HERE[name]].notna().any()]
    return {name: float(runs[HERE[name]].max()) for name in known}


def scale_text(there: Mapping[Scale, float], here: Mapping[Scale, float]) -> str:
    """Return how large the runs are beside those of the source; empty where the claim names no scale.

    >>> scale_text({"flops": 6e18}, {"flops": 4e11})
    'here at most 4.0e11 FLOPs, there 6.0e18'
    >>> scale_text({"D": 5e4}, {})
    'there 50,000 examples'
    """
    parts = []
    for name, value in there.items():
        if name in here:
            parts.append(
                f"here at most {UNITS[name].format(number(here[name], 2))}, there {number(value, 2)}"
            )
        else:
            parts.append(f"there {UNITS[name].format(number(value, 2))}")
    return "; ".join(parts)


def _behind(claim: Claim, content: StudyFile, results: Results) -> pd.DataFrame:
    """Return the runs that a claim is about: of its law, of its two sides, or those that it names."""
    runs = results.runs
    if claim.value is not None:
        runs = select(content.laws[claim.value.split(".")[0]], runs)
    shared = where(runs, {axis: value for axis, value in claim.where.items() if axis in runs})
    if claim.difference is None:
        return shared
    return pd.concat([where(shared, claim.of), where(shared, claim.minus)])
