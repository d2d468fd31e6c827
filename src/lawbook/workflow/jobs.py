"""What every job's script shares: its arguments, its plan, the refusal of what it was not submitted for, provenance."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lawbook.errors import AbandonedError, ExitCode, LawbookError, one_message
from lawbook.signals import end_when_unwanted, heed_signals
from lawbook.storage.provenance import Provenance, read_provenance, versions
from lawbook.studies import Plan, plan_study
from lawbook.workflow.endings import interruptible, unforeseen
from lawbook.workflow.stages import code_digest

CHECKPOINTED = ("train", "score", "discover")
"""Stages that see for themselves when they should stop, once what is done is kept."""


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


def job_arguments(stage: str, *more: str) -> argparse.Namespace:
    """Parse a script's command line: STUDY --expect YAML-DIGEST [CODE-DIGEST], and `more` options.

    Each option of `more` takes one path or several, and is a list. Where studies and cache lie stands in the
    environment, which the workflow sets.
    """
    if stage in CHECKPOINTED:
        heed_signals()
    else:
        end_when_unwanted()
    parser = argparse.ArgumentParser(description=f"One job of the workflow: {stage}.")
    parser.add_argument("study")
    parser.add_argument("--expect", nargs="+", required=True)
    for option in more:
        parser.add_argument(f"--{option}", nargs="*", type=Path, required=True)
    folders = {name: Path(os.environ[f"LAWBOOK_{name.upper()}"]) for name in ("studies", "cache")}
    return parser.parse_args(namespace=argparse.Namespace(stage=stage, **folders))


def planned(arguments: argparse.Namespace, digest_of: Callable[[Plan], str], figure: str = "") -> Plan:
    """Return the plan of the job's study.

    Raises LawbookError if the study or the code has changed since the job was submitted: what it would
    compute would be recorded as something else.
    """
    plan = plan_study(arguments.study, arguments.studies)
    now = [digest_of(plan)]
    if len(arguments.expect) > 1:
        now.append(code_digest(plan, arguments.stage, figure))
    said = f"{plan.study.file}" + (f" or {plan.source.file}" if plan.source else "")
    for what, expected, found in zip((said, "the code"), arguments.expect, now, strict=False):
        if expected != found:
            raise LawbookError(f"{what} has changed since this job was submitted; run the workflow again")
    return plan


def provenance(arguments: argparse.Namespace, runs: Mapping[str, Any] | Path | None = None) -> Provenance:
    """Return the provenance of what a job writes.

    runs: what is known of the runs behind it, or a table that carries it.
    """
    configuration, *code = arguments.expect
    known = read_provenance(runs).runs if isinstance(runs, Path) else runs or {}
    return Provenance(
        arguments.study, arguments.stage, configuration, code[0] if code else "", versions(), known
    )
