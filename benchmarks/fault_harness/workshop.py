"""Faults in the jobs that train: scripts of the workflow, each in a child of a process that has PyTorch loaded already.

Without Snakemake and without imports a fault costs a second. What Snakemake would do is done here: a job runs if an
output is missing or older than an input, and what a job that failed has left is removed before it runs again.
"""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from lawbook.errors import LawbookError
from lawbook.studies import cost as cost_module
from lawbook.studies import plan_study
from lawbook.training import shard as shard_module
from lawbook.training import stack as stack_module
from lawbook.training import watch as watch_module
from lawbook.workflow.freshness import outdated
from lawbook.workflow.progress import study_progress
from lawbook.workflow.recovery import recover
from lawbook.workflow.stages import STAGES

from .checkout import REPOSITORY
from .damage import DAMAGES, Damage
from .outcomes import Course, finished_runs, lost_runs

STUDY = """
title: Faults
question: Is the table right whatever happens?
task: {name: digits}
model: {name: mlp}
training: {learning_rate: 3.0e-3, batch_size: 16, steps: STEPS}
pruning: {probes: 2, probe_steps: 10}
sweeps:
  data_size:
    axes: {width: [4, 8], samples: [64, 128], seed: {count: 2}}
  keep_fraction:
    set: {width: 8, samples: 128, keep_fraction: 0.5, metric: el2n}
    axes: {seed: {count: 2}}
laws:
  error_by_data: {sweep: data_size, y: test_error, x: samples, by: [width], compare: [power]}
figures:
  - {curves: data_size}
claims:
  - difference: test_error
    of: {samples: 128}
    minus: {samples: 64}
    where: {width: 8, keep_fraction: 1.0}
    paired_by: seed
    at_most: 1
    origin: exact
    source: an error is at most one
"""
NAME, CACHE, RESULTS = "faults", Path("results/.cache"), Path("results/faults")
STEPS, STACK = 30, 2
FILE_OPERATIONS = frozenset(
    {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.truncate"}
)


@dataclass(frozen=True)
class Job:
    """One job: its script and arguments, and the files that it reads and makes."""

    name: str
    script: str
    arguments: tuple[str, ...]
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]

    def run(self) -> None:
        """Run the script in this process."""
        sys.path.insert(0, str(REPOSITORY / "scripts"))
        sys.argv = [f"{self.script}.py", NAME, *self.arguments]
        runpy.run_path(str(REPOSITORY / f"scripts/{self.script}.py"), run_name="__main__")


@dataclass(frozen=True)
class Child:
    """A process that does something in a folder, and the file into which it says what it has to say."""

    pid: int
    said: Path

    def end(self) -> tuple[int, str]:
        """Wait for it; return its exit code, negative for a signal, and what it said."""
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status), self.said.read_text(errors="replace")


def start(do: Callable[[], object], folder: Path, die_at: int = 0) -> Child:
    """Do something in a child whose working directory is the folder.

    die_at: the child is killed just before its operation of that number on a file in the folder. How many it did
    is left in the file `operations`.
    """
    said = folder / f"said-{time.monotonic_ns()}.txt"
    said.touch()
    pid = os.fork()
    if pid:
        return Child(pid, said)
    code = 1
    try:
        out = os.open(said, os.O_WRONLY | os.O_TRUNC)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.chdir(folder)
        with _counted(folder, die_at):
            do()
        code = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        else:
            code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def _counted(folder: Path, die_at: int) -> Iterator[None]:
    done, counting, mine = 0, True, ("results", str(folder))

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal done
        if not counting or event not in FILE_OPERATIONS:
            return
        if isinstance(arguments[0], str | os.PathLike) and str(arguments[0]).startswith(mine):
            done += 1
            if done == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    try:
        yield
    finally:
        counting = False
        (folder / "operations").write_text(str(done))


@dataclass
class Workshop:
    """A finished study in a folder, of which each fault gets a copy; `ready` makes it."""

    folder: Path
    right: dict[str, bytes] = field(default_factory=dict)
    jobs: list[Job] = field(default_factory=list)
    operations: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def ready(self) -> Workshop:
        """Run every job once, undisturbed; note the table, and each job's operations on files and seconds."""
        os.environ |= {"LAWBOOK_STUDIES": "config/studies", "LAWBOOK_CACHE": str(CACHE)}
        # Many stacks and a checkpoint at nearly every step, so that there is much to interrupt.
        stack_module.TICK_S, watch_module.CHECKPOINT_S, watch_module.HEARTBEAT_S = 0.0, 0.0, 0.0
        watch_module.CHECKPOINT_SHARE = 1.0
        for module in (shard_module, cost_module):
            module.stack_size = lambda _: STACK
        base = self.folder / "base"
        (base / "config/studies").mkdir(parents=True)
        (base / f"config/studies/{NAME}.yaml").write_text(STUDY.replace("STEPS", str(STEPS)))
        shutil.copy(REPOSITORY / "config/config.yaml", base / "config/config.yaml")
        self.jobs = _jobs(base)
        for job in self.jobs:
            began = time.monotonic()
            code, said = start(job.run, base).end()
            assert code == 0, said
            self.seconds[job.name] = time.monotonic() - began
            self.operations[job.name] = int((base / "operations").read_text())
        self.right = {
            name: (base / RESULTS / name).read_bytes() for name in ("runs.parquet", "curves.parquet")
        }
        return self

    def trial(self, rng: np.random.Generator) -> Trial:
        """Return a copy of the finished study, for one fault."""
        folder = self.folder / "trial"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder / "base", folder)
        return Trial(self, folder, rng)


SCRIPTS = {"score": "score_pools", "train": "train_shard", "collect": "collect_runs"}


def _jobs(base: Path) -> list[Job]:
    plan, jobs = plan_study(NAME, base / "config/studies"), []
    for name, script in SCRIPTS.items():
        stage = STAGES[name]
        for part, files in stage.files(plan):
            inputs = tuple(RESULTS / file for file in stage.reads(plan, part))
            outputs = tuple(RESULTS / file for file in files if file.endswith(".parquet"))
            expected = (stage.configuration(plan, part), stage.code(plan, part))
            arguments = ("--expect", *expected, "--part", part, "--out", *map(str, outputs))
            jobs.append(Job(f"{name} {part}".strip(), script, arguments, inputs, outputs))
    return jobs


@dataclass
class Trial:
    """One fault: a study in a folder to which something happens, and its course."""

    shop: Workshop
    folder: Path
    rng: np.random.Generator
    course: Course = field(default_factory=Course)
    broken_off: set[str] = field(default_factory=set)

    def job(self, script: str) -> Job:
        """Return a job that runs a script, one of several at random."""
        mine = [job for job in self.shop.jobs if job.script == script]
        return mine[self.rng.integers(len(mine))]

    def undo(self, job: Job, cache: bool = True) -> None:
        """Let a job not have run yet, nor what follows from it; with `cache`, let nothing be finished, either."""
        for output in {*job.outputs, *self.shop.jobs[-1].outputs}:
            (self.folder / output).unlink(missing_ok=True)
        if cache:
            shutil.rmtree(self.folder / CACHE, ignore_errors=True)

    def files(self, pattern: str) -> list[Path]:
        """Return the files of the results folder that match a pattern."""
        return sorted(self.folder.glob(f"results/{pattern}"))

    def damage(self, pattern: str, damages: list[str] | None = None) -> Path:
        """Damage a file that matches, in a way drawn at random."""
        files = self.files(pattern)
        file = files[self.rng.integers(len(files))]
        names = damages or list(DAMAGES)
        one: Damage = DAMAGES[names[self.rng.integers(len(names))]]
        one(file, self.rng)
        return file

    def attempt(self, job: Job, die_at: int = 0) -> int:
        """Run a job as it stands; return its exit code."""
        self._make_way(job)
        return self.ended(job, start(job.run, self.folder, die_at))

    def ended(self, job: Job, child: Child) -> int:
        """Wait for a job's end; note what it said if it failed. A table that it leaves must be the right one."""
        code, said = child.end()
        if code < 0:
            self.course.killed = True
        elif code:
            self.course.errors.append(said)
        if code:
            self.broken_off.add(job.name)
        else:
            self.broken_off.discard(job.name)
            if job.script == "collect_runs":
                self._compare()
        return code

    def _make_way(self, job: Job) -> None:
        if job.name in self.broken_off:
            for output in job.outputs:
                (self.folder / output).unlink(missing_ok=True)

    def _compare(self) -> None:
        for name, right in self.shop.right.items():
            file = self.folder / RESULTS / name
            if not file.is_file() or file.read_bytes() != right:
                self.course.wrong.append(name)

    def finish(self) -> Course:
        """Resume as `lawbook run` does until all is there, three times at most, and judge what came of it."""
        kept = finished_runs(self.folder / CACHE)
        for _ in range(3):
            if self._bring_up_to_date():
                break
        self._compare()
        if not self.course.wrong:
            costs = pq.read_table(self.folder / RESULTS / "costs.parquet").to_pandas()
            self.course.lost += lost_runs(kept, costs)
        if list(self.folder.rglob("made_by_a_pickle")):
            self.course.wrong.append("a pickle was run")
        return self.course

    def _bring_up_to_date(self) -> bool:
        plan = plan_study(NAME, self.folder / "config/studies")
        try:
            for _ in recover(plan, self.folder / RESULTS, self.folder / CACHE):
                pass
            study_progress(plan, self.folder / RESULTS)
        except LawbookError as error:
            self.course.errors.append(f"Error: {error}")
            return False
        old = {file.relative_to(self.folder) for file in outdated(plan, self.folder / RESULTS)}
        made: set[Path] = set()
        for job in self.shop.jobs:
            if old.intersection(job.outputs) or self._must_run(job, made):
                if self.attempt(job):
                    return False
                made |= {*job.outputs}
        return True

    def _must_run(self, job: Job, made: set[Path]) -> bool:
        files = [self.folder / output for output in job.outputs]
        if job.name in self.broken_off or made & {*job.inputs} or not all(file.exists() for file in files):
            return True
        newest = max(((self.folder / file).stat().st_mtime for file in job.inputs), default=0.0)
        return newest > min(file.stat().st_mtime for file in files)
