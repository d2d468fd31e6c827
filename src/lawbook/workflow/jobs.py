"""What every job's script shares: its arguments, its plan, the refusal of what it was not submitted for, provenance."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawbook.errors import AbandonedError, ExitCode, LawbookError, one_message
from lawbook.signals import end_when_unwanted, heed_signals
from lawbook.storage.provenance import Provenance, read_provenance, versions
from lawbook.studies import Plan, plan_study
from lawbook.studies.published import shard_alone
from lawbook.workflow.apart import stage_named
from lawbook.workflow.endings import interruptible, unforeseen
from lawbook.workflow.freshness import check_current
from lawbook.workflow.stages import Stage
from lawbook.workflow.warm.process import is_warm, start_cold


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


_planned: dict[tuple[str, str], Plan] = {}


def plan_ahead(study: str, studies: str) -> Plan:
    """Plan a study for the jobs that this process will be forked into."""
    _planned[study, studies] = plan_study(study, studies)
    return _planned[study, studies]


def begin(stage_name: str) -> Job:
    """Return the job of a script's command line: STUDY --expect CONFIGURATION [CODE] [--part PART] --out FILES.

    Where studies and cache lie stands in the environment, which the workflow sets. Raises LawbookError if the study or
    the code has changed since the job was submitted, since what it would compute would be recorded as something else;
    and for inputs that are not current, if the stage refuses them.
    """
    stage = stage_named(stage_name)
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
    expected = (given.expect[0], "".join(given.expect[1:]))
    plan = _plan_for(stage, given, expected)
    part = stage.checked(plan, given.part)
    named = f"{plan.study.file}" + (f" or {plan.source.file}" if plan.source else "")
    now = _digests(stage, plan, part)
    on_gpu = stage.trains(part) and any(run.config["device"] == "cuda" for run in plan.runs)
    if is_warm() and (on_gpu or now != expected):
        start_cold()
    for what, submitted, current in zip((named, "the code"), expected, now, strict=True):
        if submitted != current:
            raise LawbookError(f"{what} has changed since this job was submitted; run the workflow again")
    results, cache = _results(stage, part, given.out), Path(os.environ["LAWBOOK_CACHE"])
    job = Job(stage, part, plan, results, cache, tuple(given.out), expected)
    if stage.refuses:
        check_current(plan, stage.reads(plan, part), job.results)
    return job


def _plan_for(stage: Stage, given: argparse.Namespace, expected: tuple[str, str]) -> Plan:
    """Return the plan: the one made ahead, else of a shard its published part, if that is what was submitted."""
    studies = os.environ["LAWBOOK_STUDIES"]
    if (ahead := _planned.get((given.study, studies))) is not None:
        return ahead
    if stage.name == "train":
        place = _results(stage, given.part, given.out).parent
        alone = shard_alone(given.study, studies, given.part, place)
        if alone is not None and _digests(stage, alone, given.part) == expected:
            return alone
    return plan_study(given.study, studies)


def _results(stage: Stage, part: str, out: Sequence[Path]) -> Path:
    """Return the folder of a study's results, by the files that a stage leaves of a part."""
    return out[0].parents[len(Path(stage.leaves(part)[0]).parts) - 1]


def _digests(stage: Stage, plan: Plan, part: str) -> tuple[str, str]:
    """Return the digests of what a study says to a part of a stage, and of the code that makes it."""
    return stage.configuration(plan, part), stage.code(plan, part)
