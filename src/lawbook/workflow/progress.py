"""Progress: a job leaves a heartbeat, and whoever watches adds the heartbeats up.

Jobs print no bars, so that parallel jobs never garble a terminal.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lawbook.storage.files import write_text
from lawbook.studies import Plan

SCORES, TABLE = "scores", "table"
EVERY_S = 0.5
ALIVE_S = 60.0
"""A heartbeat older than this belongs to a job that has died."""


def heartbeat(results: Path, job: str) -> Callable[[int, int], None]:
    """Return a function of (run-steps done, run-steps in all) that leaves a job's heartbeat, at most twice a second.

    One that cannot be written is left out: no job fails for it.
    """
    file, last = _file(results, job), -EVERY_S

    def beat(done: int, total: int) -> None:
        nonlocal last
        if done == total or time.monotonic() - last >= EVERY_S:
            last = time.monotonic()
            with suppress(OSError):
                write_text(file, json.dumps({"done": done, "total": total}))

    return beat


@dataclass(frozen=True)
class Progress:
    """Run-steps of one job, a shard or the scores: how many, how many done, and what the job is doing."""

    total: int
    done: int
    state: str

    @property
    def share(self) -> float:
        """Return the share done."""
        return self.done / self.total


def study_progress(plan: Plan, results: Path) -> Mapping[str, Progress]:
    """Return the progress of each job that trains, by shard; the probes' under `scores`.

    A study that trains nothing has one job, `table`: to take its runs from there.
    """
    if plan.source is not None:
        return {TABLE: _job_progress(1, results / "runs.parquet", _file(results, TABLE))}
    jobs = dict(plan.run_steps)
    files = {shard: results / f"shards/{shard}.parquet" for shard in plan.shards}
    if plan.pools:
        jobs = {SCORES: plan.probe_steps} | jobs
        files[SCORES] = results / "scores.parquet"
    return {job: _job_progress(total, files[job], _file(results, job)) for job, total in jobs.items()}


def _job_progress(total: int, finished: Path, beat: Path) -> Progress:
    if finished.exists():
        return Progress(total, total, "done")
    try:
        share = json.loads(beat.read_text())
        age = time.time() - beat.stat().st_mtime
        done = min(total, total * int(share["done"]) // max(1, int(share["total"])))
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return Progress(total, 0, "waiting")
    return Progress(total, done, "training" if age < ALIVE_S else "stopped")


def _file(results: Path, job: str) -> Path:
    return results / f"progress/{job}.json"
