"""Warnings of the report: typed, grouped and counted, every run that failed or diverged named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from lawbook.laws.note import Note, Severity, notes_from_json, reason_of
from lawbook.report.pool_scores import disputed_cases, duplicate_cases
from lawbook.report.sections import notices
from lawbook.results.reader import Results
from lawbook.results.words import count, plain, text_of
from lawbook.storage.status import FitStatus, RunStatus, Verdict
from lawbook.studies.schema import StudyFile

WEIGHTS = ("A result is missing or failed", "A number is less sure than it looks", "How it was done")
"""What a warning costs, the dearest first."""

BAD = (RunStatus.FAILED, RunStatus.DIVERGED, RunStatus.UNCONVERGED)


@dataclass(frozen=True)
class Group:
    """The warnings of one kind: what is wrong, how often, each case, and its place in `WEIGHTS`."""

    kind: str
    n: int
    cases: tuple[str, ...]
    weight: int


def run_cases(results: Results) -> list[tuple[str, str]]:
    """Return (status, case) per run that failed, diverged or did not converge, naming what tells it apart."""
    runs = results.runs
    varied = [axis for axis in results.columns("axis", "attribute") if len(runs[axis].unique()) > 1]
    cases = []
    for row in runs[runs["status"].isin(BAD)].to_dict("records"):
        at = ", ".join(f"{plain(axis)} {text_of(row[axis])}" for axis in varied)
        step = "" if pd.isna(row["diverged_step"]) else f" at step {int(row['diverged_step'])}"
        why = str(row["reason"] or "") if pd.notna(row["reason"]) else ""
        cases.append((str(row["status"]), f"{row['run_id']} ({at}){step}" + (f": {why}" if why else "")))
    return cases


def warnings_of(content: StudyFile, results: Results) -> list[Group]:
    """Return the warnings of a study, those that cost a result first."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    harmless = set()
    for status, case in run_cases(results):
        found[f"run_{status}"][case] = None
    fits = results.fits
    for name in content.laws:
        for (form, group), rows in fits[fits["law"] == name].groupby(["form", "group"], sort=False):
            row = rows.iloc[0]
            at = plain(name) + (f", {group}" if group else "")
            notes = notes_from_json(row["notes"])
            if row["status"] != FitStatus.OK and content.laws[name].role != "null":
                found[f"fit_{row['status']}"][f"{at}, {plain(str(form))}: {reason_of(notes)}"] = None
            for note in notes:
                # One data set serves all forms: what is said of it is said once.
                if note.severity == Severity.INFO:
                    harmless.add(note.code)
                if note.severity != Severity.REFUSAL:
                    found[note.code][f"{at}: {note.message}"] = None
    for note in _of_table(results):
        if note.severity == Severity.INFO:
            harmless.add(note.code)
        found[note.code][f"the table of runs: {note.message}"] = None
    for claim in results.claims.to_dict("records"):
        if claim["verdict"] != Verdict.HOLDS:
            found[f"claim_{claim['verdict']}"][f"{claim['text']}: {claim['reason']}"] = None
    if results.has("scorings"):
        for case in disputed_cases(results):
            found["disputed_labels"][case] = None
        for case in duplicate_cases(results):
            found["near_duplicates"][case] = None
    for of_analysis in notices.values():
        for kind, case in of_analysis(content, results):
            found[kind][case] = None
    if content.laws and not any(law.role == "null" for law in content.laws.values()):
        found["no_null"][
            "no law of this study has the role null: the pipeline was not shown data without a law"
        ] = None
    groups = [Group(kind, len(cases), tuple(cases), _weight(kind, harmless)) for kind, cases in found.items()]
    return sorted(groups, key=lambda g: (g.weight, _place(g.kind), g.kind))


def _of_table(results: Results) -> tuple[Note, ...]:
    """Return what there is to know of how a table that was given was read; of an earlier one nothing was kept."""
    notes = results.source["notes"].dropna() if results.has("source") else ()
    return tuple(note for text in notes for note in notes_from_json(text))


ORDER = (
    "claim_fails", "claim_undecided", "run_failed", "fit_refused", "fit_not_identified", "run_diverged",
    "run_unconverged",
)  # fmt: skip
"""What costs a result, the dearest first."""


def _weight(kind: str, harmless: Collection[str]) -> int:
    """Return the place in `WEIGHTS` of a kind of warning."""
    if kind in ORDER:
        return 0
    return 2 if kind in harmless else 1


def _place(kind: str) -> int:
    return ORDER.index(kind) if kind in ORDER else len(ORDER)


def summary(runs: pd.DataFrame) -> str:
    """Return how many runs there are and how they ended.

    >>> summary(pd.DataFrame({"status": ["ok", "ok", "diverged"]}))
    '3 runs: 2 ok, 1 diverged'
    """
    ended = runs["status"].value_counts()
    order = [status for status in (RunStatus.OK, *BAD) if status in ended.index]
    return f"{count(len(runs), 'run')}: " + ", ".join(f"{ended[status]:,} {status}" for status in order)
