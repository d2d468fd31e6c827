"""Running a study: one Snakemake, as the one writer of the results, with a bar drawn from its jobs' heartbeats."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from lawbook.errors import INSTALL, ExitCode, LawbookError, need
from lawbook.storage.lock import HANDED_DOWN, name_holder, writing
from lawbook.studies import Plan
from lawbook.studies.presets import split_name
from lawbook.workflow.freshness import outdated
from lawbook.workflow.places import caches, snakefile
from lawbook.workflow.progress import study_progress
from lawbook.workflow.recovery import forget_record, keep_record, recover
from lawbook.workflow.settings import Settings
from lawbook.workflow.warm.start import warm_jobs

CONFLICTING = (
    "--config",
    "-C",
    "--configfile",
    "--configfiles",
    "--directory",
    "-d",
    "--snakefile",
    "-s",
    "--unlock",
)
DRY_RUN = frozenset({"-n", "--dry-run", "--dryrun"})
QUIET_S = 30.0
"""Seconds between lines of progress where there is no terminal to draw a bar on; the same line is not repeated."""
PAUSE_S, LOOKING = 0.25, 100.0
"""Seconds between two looks at what is done, or so many times what the last one took: there may be many studies."""


class WorkflowError(LawbookError):
    """Snakemake ended with an error of its own or of a job; its log says which."""

    exit_code = ExitCode.FAILED


def checked_cores(cores: str) -> str:
    """Return the value of the option --cores. Raises LawbookError unless it is a number from 1 on, or all."""
    if cores != "all" and not (cores.isdecimal() and int(cores) > 0):
        raise LawbookError(f"--cores {cores!r}: write how many jobs may run at once, from 1 on, or all")
    return cores


def run_studies(plans: Sequence[Plan], settings: Settings, cores: str, extra: Sequence[str] = ()) -> bool:
    """Bring studies up to date, all by one Snakemake; return False if there was nothing to be done.

    cores: how many jobs at once, or "all". Raises LawbookError for studies at several presets, and what `run_target`
    does.
    """
    names = [plan.study.name for plan in plans]
    return run_target(
        _target(names), names[0] if len(names) == 1 else "studies", plans, settings, cores, extra
    )


def run_target(
    target: Sequence[str],
    name: str,
    plans: Sequence[Plan],
    settings: Settings,
    cores: str,
    extra: Sequence[str] = (),
    stale: Sequence[str] = (),
) -> bool:
    """Let one Snakemake make a target; return False if there was nothing to be done.

    target: the end of its command line; name: of its logs; plans: of the studies that it may train; stale: files that
    are made anew besides theirs that are outdated. Whatever killed an earlier Snakemake, its lock is stale once this
    process is the one writer. Raises WorkflowError if a job failed, LawbookError if somebody else writes into the
    results, and ModuleNotFoundError without Snakemake.
    """
    for option in CONFLICTING:
        if any(item == option or item.startswith(f"{option}=") for item in extra):
            raise LawbookError(
                f"{option}: `lawbook run` sets this itself; edit config/config.yaml, or call snakemake"
            )
    need("snakemake")
    os.environ |= caches()
    command = [sys.executable, "-m", "snakemake", "--cores", cores, "--rerun-incomplete", *snakefile()]
    if DRY_RUN.intersection(extra):
        code = subprocess.run([*command, *extra, *target], check=False).returncode
        if code:
            error = LawbookError if code == ExitCode.MISTAKE else WorkflowError
            raise error("the dry-run did not finish; Snakemake says why, above")
        return True
    log, place = Path(f"logs/{name}/snakemake.log"), Path(settings.results)
    results = {plan.study.name: place / plan.study.name for plan in plans}
    with writing(settings.results) as lock, _opened(log) as output, warm_jobs() as warm:
        for plan in plans:
            for found in recover(plan, results[plan.study.name], Path(settings.cache)):
                print(f"! {found}", file=sys.stderr)
            warm.announce(plan.study.name, settings.studies)
        _remove_stale_locks(target, output.fileno())
        old = [file for plan in plans for file in _forgotten(plan, results[plan.study.name])]
        process = subprocess.Popen(
            [*command, *_forced([*old, *stale], extra), *extra, *target],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **warm.environment, HANDED_DOWN: str(lock)},
            pass_fds=(lock, *warm.held),
        )
        # Should this process be killed, Snakemake lives on with the lock and the server.
        name_holder(lock, process.pid)
        _watch(process, name, plans, results)
        if not process.returncode:
            for plan in plans:
                keep_record(plan, results[plan.study.name])
    text = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        mistakes = _messages(text)
        if mistakes and (process.returncode == ExitCode.MISTAKE or INSTALL in mistakes):
            raise LawbookError(mistakes)
        raise WorkflowError(_failure(process.returncode, text, log))
    return "Nothing to be done" not in text


def _opened(log: Path) -> TextIO:
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        return log.open("w", encoding="utf-8")
    except OSError as error:
        fix = "Lawbook writes into results, logs and .snakemake of the folder it runs in; let it"
        raise LawbookError(f"{log} cannot be written ({error.strerror}); {fix}") from None


def _target(studies: Sequence[str]) -> list[str]:
    """Return the end of Snakemake's command line that asks for studies, at the preset that some of the names have."""
    names, presets = zip(*map(split_name, studies), strict=True)
    at = sorted({preset for preset in presets if preset is not None})
    if len(at) > 1:
        raise LawbookError(
            f"{', '.join(studies)}: one run has one preset; run those of {at[0]} by themselves"
        )
    return [*(["--config", f"preset={at[0]}"] if at else []), "--", *names]


def _remove_stale_locks(target: Sequence[str], output: int) -> None:
    if any(Path(".snakemake/locks").glob("*")):
        unlock = [sys.executable, "-m", "snakemake", "--unlock", *snakefile(), *target]
        subprocess.run(unlock, check=False, stdout=output, stderr=subprocess.STDOUT)


def _forgotten(plan: Plan, results: Path) -> list[str]:
    """Return the outdated files of a study, which are then recorded no more."""
    files = [str(file) for file in outdated(plan, results)]
    if files:
        forget_record(results)
    return files


def _forced(files: Sequence[str], extra: Sequence[str]) -> list[str]:
    """Return the option that makes outdated files anew, whatever Snakemake knows of them; not against `extra`."""
    if any(item.startswith(("--rerun-triggers", "--forcerun", "-R")) for item in extra):
        return []
    return ["--forcerun", *files] if files else []


def _watch(
    process: subprocess.Popen[bytes], name: str, plans: Sequence[Plan], results: Mapping[str, Path]
) -> None:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"))
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as bars:
        bar = bars.add_task(name, total=_done(plans, results)[1])
        trains, told = any(plan.runs for plan in plans), ""
        reported_s, pause_s = time.monotonic(), PAUSE_S
        try:
            while not _ended(process, pause_s):
                looked_s = time.monotonic()
                done, total = _redraw(bars, bar, name, plans, results)
                pause_s = max(PAUSE_S, LOOKING * (time.monotonic() - looked_s))
                after = "; fits, figures, report" if done == total else ""
                text = f"{name}: {done / total:.0%} of {total:,} run-steps{after}" if total else ""
                quiet = time.monotonic() - reported_s > QUIET_S
                if trains and not console.is_terminal and quiet and text != told:
                    reported_s, told = time.monotonic(), text
                    console.print(text)
        except KeyboardInterrupt:
            # The terminal has sent it to Snakemake, too, which stops its jobs and takes its leave.
            process.wait()
            raise KeyboardInterrupt("what is done is kept; run this again to resume") from None


def _ended(process: subprocess.Popen[bytes], pause_s: float) -> bool:
    """Wait for so long at most; tell whether the process has ended."""
    try:
        process.wait(timeout=pause_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _redraw(
    bars: Progress, bar: TaskID, name: str, plans: Sequence[Plan], results: Mapping[str, Path]
) -> tuple[int, int]:
    done, total = _done(plans, results)
    runs = sum(len(plan.runs) for plan in plans)
    first = f"{runs:,} runs" if runs else "table of runs"
    doing = first if done < total else "fits, figures, report"
    bars.update(bar, completed=done, description=f"{name}: {doing}")
    return done, total


def _done(plans: Sequence[Plan], results: Mapping[str, Path]) -> tuple[int, int]:
    """Return the run-steps that are done, and those there are."""
    jobs = [job for plan in plans for job in study_progress(plan, results[plan.study.name]).values()]
    return sum(job.done for job in jobs), sum(job.total for job in jobs)


def _failure(code: int, text: str, log: Path) -> str:
    if code < 0:
        return f"Snakemake was killed by signal {-code}; run this again to resume"
    why = _messages(text) or _silent_failures(text) or "\n".join(text.splitlines()[-15:])
    return f"the workflow did not finish; what is done is kept. {log} says more:\n{why}"


def _silent_failures(text: str) -> str:
    """Return which jobs failed without a message of Lawbook, by Snakemake's log."""
    failed = re.findall(r"^Error in rule (\w+):\n(?:    .*\n)*?    log: (\S+)", text, re.MULTILINE)
    if not failed:
        return ""
    jobs = "\n".join(dict.fromkeys(f"{rule} failed: {log}" for rule, log in failed))
    return (
        f"{jobs}\nAn empty log is that of a job that was killed, or that had no memory left; run this again."
    )


def _messages(text: str) -> str:
    """Return the messages of Lawbook in a log, each once."""
    lines = [line.strip() for line in text.splitlines()]
    told = (line.removeprefix("Error: ") for line in lines if line.startswith(("Error: ", "Stopped: ")))
    return "\n".join(dict.fromkeys(told))
