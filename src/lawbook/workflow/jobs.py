"""What every job's script shares: its arguments, its plan, the refusal of what it was not submitted for, provenance."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawbook.errors import AbandonedError, ExitCode, LawbookError, one_message
from lawbook.signals import end_when_unwanted, heed_signals
from lawbook.storage.provenance import Provenance, read_provenance, versions
from lawbook.studies import Plan, plan_study
from lawbook.workflow.endings import interruptible, unforeseen
from lawbook.workflow.freshness import check_current
from lawbook.workflow.stages import STAGES, Stage


@contextmanager
def reported() -> Iterator[None]:
    """Turn every way in which a job may fail into one message and its exit code.

    A job that has stopped before its end says why, and has failed; an unforeseen error leaves its trace in the log.
    Import inside what an optional part of Lawbook brings, so that its absence is such a message.
    """
    with unforeseen(logged=True), interruptible(), one_message():
        try:
            yield
        except AbandonedError as reason:
            print(f"Stopped: {reason}", file=sys.stderr, flush=True)
            sys.exit(ExitCode.FAILED)


@dataclass(frozen=True)
class Job:
    """A job: the part of a stage of a study that it makes, the study's results, and the cache of finished runs.

    out: the files that it writes; expected: the digests of what the study says and of the code, as it was submitted.
    """

    stage: Stage
    part: str
    plan: Plan
    results: Path
    cache: Path
    out: tuple[Path, ...]
    expected: tuple[str, str]

    @property
    def inputs(self) -> list[Path]:
        """Return the files that it reads."""
        return [self.results / file for file in self.stage.reads(self.plan, self.part)]

    def provenance(self, runs: Mapping[str, Any] | Path | None = None) -> Provenance:
        """Return the provenance of what the job writes.

        runs: what is known of the runs behind it, or a table that carries it.
        """
        known = read_provenance(runs).runs if isinstance(runs, Path) else runs or {}
        return Provenance(self.plan.study.name, self.stage.name, *self.expected, versions(), known)


def begin(stage_name: str) -> Job:
    """Return the job of a script's command line: STUDY --expect CONFIGURATION [CODE] [--part PART] --out FILES.

    Where studies and cache lie stands in the environment, which the workflow sets. Raises LawbookError if the study or
    the code has changed since the job was submitted, since what it would compute would be recorded as something else;
    and for inputs that are not current, if the stage refuses them.
    """
    stage = STAGES[stage_name]
    if stage.checkpointed:
        heed_signals()
    else:
        end_when_unwanted()
    parser = argparse.ArgumentParser(description=f"One job of the workflow: {stage.name}.")
    parser.add_argument("study")
    parser.add_argument("--expect", nargs="+", required=True)
    parser.add_argument("--part", default="")
    parser.add_argument("--out", nargs="+", type=Path, required=True)
    given = parser.parse_args()
    plan = plan_study(given.study, os.environ["LAWBOOK_STUDIES"])
    expected = (given.expect[0], "".join(given.expect[1:]))
    part = stage.checked(plan, given.part)
    named = f"{plan.study.file}" + (f" or {plan.source.file}" if plan.source else "")
    now = (stage.configuration(plan, part), stage.code(plan, part))
    for what, submitted, current in zip((named, "the code"), expected, now, strict=True):
        if submitted != current:
            raise LawbookError(f"{what} has changed since this job was submitted; run the workflow again")
    below = len(Path(stage.leaves(part)[0]).parts)
    job = Job(
        stage, part, plan, given.out[0].parents[below - 1], Path(os.environ["LAWBOOK_CACHE"]),
        tuple(given.out), expected,
    )  # fmt: skip
    if stage.refuses:
        check_current(plan, stage.reads(plan, part), job.results)
    return job
