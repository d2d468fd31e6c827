"""Whether a file is current: the provenance that each file of a study should have, held against what it carries.

Snakemake reruns a job when its parameters change, by a record of its own; the files carry the same in themselves, so
that neither a lost record nor a foreign file mixes two versions of a study, or of the code. Jobs, recovery and bundles
ask here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from lawbook.errors import LawbookError
from lawbook.storage.checksum import check_seal
from lawbook.storage.provenance import read_provenance
from lawbook.studies import Plan
from lawbook.workflow.stages import STAGES, training_code

CARRIERS = (".parquet", ".svg")
"""Endings of the files that carry their provenance."""


@dataclass(frozen=True)
class Expected:
    """The stage that makes a file, the digest of what the study says to it, and that of its code."""

    stage: str
    configuration: str
    code: str


def expected_provenance(plan: Plan) -> Mapping[str, Expected]:
    """Return what each table and figure of a study should say of itself, by its path in the study's results."""
    expected: dict[str, Expected] = {}
    for stage in STAGES.values():
        for part, files in stage.files(plan):
            carriers = [file for file in files if file.endswith(CARRIERS)]
            if carriers:
                made = Expected(stage.name, stage.configuration(plan, part), stage.code(plan, part))
                expected |= dict.fromkeys(carriers, made)
    return expected


def is_damaged(file: Path) -> bool:
    """Tell whether a file is not, byte for byte, a table or a figure that was written under its name."""
    try:
        if file.suffix == ".parquet":
            check_seal(file)
        read_provenance(file)
    except (OSError, ValueError, LawbookError):
        return True
    return False


def what_has_changed(plan: Plan, file: Path, expected: Expected, training: str) -> str:
    """Say since when a file that is whole is outdated: by other code or another version of the study; else nothing.

    training: the digest of the training code that the runs behind it should have been trained by.
    """
    made = read_provenance(file)
    if (made.stage, made.code) != (expected.stage, expected.code):
        return "made by other code"
    if made.configuration != expected.configuration:
        return f"made from another version of {plan.study.file}"
    return (
        "made of runs that other code has trained" if made.runs.get("code", [training]) != [training] else ""
    )


def outdated(plan: Plan, results: Path) -> list[Path]:
    """Return the tables and figures of a study that other code has made, or another version of the study."""
    training = training_code(plan)
    return [
        results / name
        for name, expected in expected_provenance(plan).items()
        if (results / name).exists() and what_has_changed(plan, results / name, expected, training)
    ]


def check_current(plan: Plan, files: Collection[str], results: Path) -> None:
    """Raise LawbookError for the first of some files of a study's results that is damaged or outdated."""
    if not files:
        return
    expected, training = expected_provenance(plan), training_code(plan)
    for name in files:
        file = results / name
        if is_damaged(file):
            raise LawbookError(f"{file} is damaged; delete it and run again")
        if changed := what_has_changed(plan, file, expected[name], training):
            raise LawbookError(f"{file} was {changed}; `lawbook run {plan.study.name}` brings it up to date")
