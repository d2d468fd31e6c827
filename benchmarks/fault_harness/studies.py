"""Faults in a whole study as its user runs it: `lawbook run`, with Snakemake and its jobs, in a checkout of its own."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from subprocess import Popen

import numpy as np
import psutil
import pyarrow.parquet as pq

from .checkout import Checkout, build
from .damage import DAMAGES, may_mount, small_disk
from .outcomes import Course, finished_runs, lost_runs
from .workshop import NAME, STUDY

TABLES = (
    "runs.parquet", "runs.csv", "curves.parquet", "curves.csv", "fits.parquet", "fits.csv",
    "claims.parquet", "claims.csv",
    "figures/curves_data_size.csv", "figures/curves_data_size.svg",
)  # fmt: skip
STEPS = 80
RUN = ("run", NAME)
WARM = "lawbook.workflow.warm.server"
STAGES = {
    "train_shard": ["shards/*"],
    "score_pools": ["scor*.parquet"],
    "collect_runs": ["runs.*", "curves.*", "costs.*"],
    "fit_laws": ["fits.*", "draws.parquet", "points.parquet"],
    "draw_figure": ["figures/*"],
    "judge_claims": ["claims.*"],
    "write_report": ["report.html"],
}
"""What each job makes, so that it is made again once that is gone."""


def prepare(folder: Path) -> Checkout:
    """Return a checkout with a tiny study that has been run, and whose training writes checkpoints all the time."""
    checkout = build(folder, NAME)
    text = STUDY.replace("STEPS", str(STEPS)).replace("width: [4, 8]", "width: [8]")
    (folder / f"config/studies/{NAME}.yaml").write_text(text)
    checkout.edit("src/lawbook/training/stack.py", "TICK_S = 0.2", "TICK_S = 0.0")
    for often in (
        ("CHECKPOINT_S, HEARTBEAT_S = 20.0, 1.0", "CHECKPOINT_S, HEARTBEAT_S = 0.0, 0.0"),
        ("CHECKPOINT_SHARE = 0.05", "CHECKPOINT_SHARE = 0.5"),
    ):
        checkout.edit("src/lawbook/training/watch.py", *often)
    ran = checkout.lawbook(*RUN)
    assert ran.returncode == 0, ran.stderr
    return checkout


def edit_the_model(checkout: Checkout) -> None:
    """Change what every model begins with, and so every number of the study."""
    checkout.edit("src/lawbook/models/mlp.py", "rng.normal(", "0.5 * rng.normal(")


@dataclass
class Case:
    """One fault in a checkout of its own, and its course. right: the checkout whose tables are the right ones."""

    checkout: Checkout
    right: Checkout
    rng: np.random.Generator
    course: Course = field(default_factory=Course)

    @property
    def cache(self) -> Path:
        """Return the folder of finished runs."""
        return self.checkout.folder / "results/.cache"

    def undo(self, script: str, cache: bool = False) -> None:
        """Let the jobs of a script not have run yet; with `cache`, let nothing be finished, either."""
        for pattern in STAGES[script]:
            for file in self.checkout.path("").glob(pattern):
                file.unlink()
        if cache:
            shutil.rmtree(self.cache)

    def failed(self, code: int, said: str) -> None:
        """Note what a command said that failed; one that was killed says nothing."""
        if code < 0:
            self.course.killed = True
        elif code:
            self.course.errors.append(said)

    def resume(self, kept: Mapping[str, set[float]]) -> Course:
        """Run the one documented command until it succeeds, three times at most, and judge what came of it.

        kept: the runs that were finished when the fault was over, and their seconds.
        """
        for _ in range(3):
            ran = self.checkout.lawbook(*RUN)
            self.failed(ran.returncode, ran.stderr)
            if not ran.returncode:
                break
        for name in TABLES:
            mine = self.checkout.path(name)
            if not mine.is_file() or mine.read_bytes() != self.right.path(name).read_bytes():
                self.course.wrong.append(name)
        if not self.course.wrong:
            costs = pq.read_table(self.checkout.path("costs.parquet")).to_pandas()
            self.course.lost += lost_runs(kept, costs)
        if list(self.checkout.folder.rglob("made_by_a_pickle")):
            self.course.wrong.append("a pickle was run")
        return self.course

    @contextmanager
    def stopped(self, scripts: list[str]) -> Iterator[tuple[Popen[str], psutil.Process | None]]:
        """Start the study and wait for a moment in a job of one of the scripts; yield both, to be stopped.

        At the end, note what the command said, and see to it that nobody runs in the checkout any more.
        """
        script = scripts[self.rng.integers(len(scripts))]
        self.undo(script, cache=script in ("train_shard", "score_pools"))
        command = self.checkout.start(*RUN)
        try:
            job = self.wait_for(f"scripts/{script}.py", command)
            time.sleep(self.rng.uniform(0.0, 4.0 if script in ("train_shard", "score_pools") else 2.0))
            yield command, job
            command.wait(timeout=600)
        finally:
            self.end_all()
        self.failed(command.returncode, (self.checkout.folder / "said.txt").read_text())

    def wait_for(self, words: str, command: Popen[str]) -> psutil.Process | None:
        """Wait until a process with these words runs in the checkout; None if the command ends before."""
        while command.poll() is None:
            for process in self.processes():
                with suppress(psutil.Error, IndexError):
                    if words in " ".join(process.cmdline()[1:]) and "bash" not in process.cmdline()[0]:
                        return process
            time.sleep(0.02)
        return None

    def processes(self) -> Iterator[psutil.Process]:
        """Yield the processes that run in the checkout."""
        for process in psutil.process_iter():
            try:
                if process.cmdline() and Path(process.cwd()) == self.checkout.folder:
                    yield process
            except psutil.Error:
                continue

    def end_all(self) -> None:
        """Wait a moment for orphans to end by themselves, then kill whoever still runs in the checkout."""
        until = time.monotonic() + 10
        while (left := list(self.processes())) and time.monotonic() < until:
            time.sleep(0.1)
        for process in left:
            with suppress(psutil.Error):
                process.kill()


def kill_a_job(case: Case) -> None:
    """SIGKILL a job of any stage."""
    _signal_a_job(case, list(STAGES), signal.SIGKILL)


def ask_a_job_to_stop(case: Case) -> None:
    """SIGTERM or SIGUSR1 to a job that trains or scores."""
    number = [signal.SIGTERM, signal.SIGUSR1][case.rng.integers(2)]
    _signal_a_job(case, ["train_shard", "score_pools"], number)


def _signal_a_job(case: Case, scripts: list[str], number: signal.Signals) -> None:
    with case.stopped(scripts) as (_, job):
        if job is not None:
            case.course.killed = True
            with suppress(psutil.NoSuchProcess):
                job.send_signal(number)


def kill_snakemake(case: Case) -> None:
    """SIGKILL Snakemake, which leaves its jobs alone."""
    with case.stopped(list(STAGES)) as (command, _):
        snakemake = case.wait_for("-m snakemake --cores", command)
        if snakemake is not None:
            snakemake.kill()


def kill_everything(case: Case) -> None:
    """SIGKILL the whole group of processes, as a machine does that goes down."""
    with case.stopped(list(STAGES)) as (command, _):
        os.killpg(command.pid, signal.SIGKILL)


def kill_the_warm(case: Case) -> None:
    """SIGKILL the server of warm jobs, or one of its forks, which are the jobs."""
    with case.stopped(list(STAGES)):
        warm = [process for process in case.processes() if WARM in process.cmdline()]
        if warm:
            case.course.killed = True
            with suppress(psutil.NoSuchProcess):
                warm[case.rng.integers(len(warm))].kill()


def interrupt(case: Case) -> None:
    """Press Ctrl-C."""
    with case.stopped(list(STAGES)) as (command, _):
        os.killpg(command.pid, signal.SIGINT)


def kill_the_command(case: Case) -> None:
    """SIGKILL `lawbook run`, whose Snakemake goes on; begin again while it does."""
    with case.stopped(list(STAGES)) as (command, _):
        command.kill()
        command.wait()
        again = case.checkout.lawbook(*RUN)
        case.failed(again.returncode, again.stderr)


def damage_a_result(case: Case) -> None:
    """Damage any file of the finished results."""
    _damage(
        case,
        [
            file
            for file in case.checkout.path("").rglob("*")
            if file.is_file() and "progress" not in file.parts
        ],
    )


def damage_a_shard(case: Case) -> None:
    """Damage a shard's table, and let plain Snakemake collect."""
    _damage(case, list(case.checkout.path("shards").iterdir()))
    case.undo("collect_runs")
    ran = case.checkout.snakemake("--cores", "2", NAME)
    case.failed(ran.returncode, ran.stdout + ran.stderr)


def damage_the_cache(case: Case) -> None:
    """Damage a file of the cache, and ask for all that it holds."""
    _damage(case, list(case.cache.glob("*/*.parquet")))
    case.undo("train_shard")
    case.undo("score_pools")


def _damage(case: Case, files: list[Path]) -> None:
    file = sorted(files)[case.rng.integers(len(files))]
    list(DAMAGES.values())[case.rng.integers(len(DAMAGES))](file, case.rng)


def fill_the_disk(case: Case) -> None:
    """Run the study on a disk with little room for results."""
    case.undo("train_shard", cache=True)
    case.undo("score_pools")
    with small_disk(case.checkout.folder / "results", int(case.rng.integers(0, 150))):
        _run(case)


def protect_the_results(case: Case) -> None:
    """Run the study while its results are read-only."""
    case.undo(list(STAGES)[case.rng.integers(len(STAGES))])
    with small_disk(case.checkout.path(""), 1 << 14) as again:
        again("ro")
        _run(case)
        again("rw")


def protect_the_house(case: Case) -> None:
    """Run the study while the whole folder is read-only, logs and Snakemake's records included."""
    case.undo(list(STAGES)[case.rng.integers(len(STAGES))])
    with small_disk(case.checkout.folder, 1 << 16) as again:
        again("ro")
        _run(case)
        again("rw")


def begin_twice(case: Case) -> None:
    """Begin a second time, by either command, while the first still runs or begins."""
    case.undo("train_shard", cache=True)
    first = case.checkout.start(*RUN)
    time.sleep(case.rng.uniform(0.0, 8.0))
    second = (
        case.checkout.snakemake("--cores", "1", NAME) if case.rng.integers(2) else case.checkout.lawbook(*RUN)
    )
    case.failed(second.returncode, second.stdout + second.stderr)
    case.failed(first.wait(timeout=600), (case.checkout.folder / "said.txt").read_text())


def change_the_code(case: Case) -> None:
    """Kill the study on its way, and change the model before it is resumed: the table is that of the new code."""
    with case.stopped(["train_shard", "collect_runs", "fit_laws"]) as (command, _):
        os.killpg(command.pid, signal.SIGKILL)
    edit_the_model(case.checkout)


def change_the_code_at_once(case: Case) -> None:
    """Change the model while the study runs: no job computes with it what is recorded as the old one's."""
    with case.stopped(["train_shard", "score_pools", "collect_runs"]):
        edit_the_model(case.checkout)


def lose_records(case: Case) -> None:
    """Remove some or all of what Snakemake keeps of earlier runs, kill the study, and change the code."""
    with case.stopped(["train_shard", "collect_runs", "fit_laws"]) as (command, _):
        os.killpg(command.pid, signal.SIGKILL)
    share = case.rng.choice([0.5, 1.0])
    for file in sorted((case.checkout.folder / ".snakemake").rglob("*")):
        if file.is_file() and case.rng.uniform() < share:
            file.unlink()
    edit_the_model(case.checkout)


def break_off_clearing_the_cache(case: Case) -> None:
    """Kill `lawbook cache clear` at any moment, and train what is asked for then."""
    clear = case.checkout.start("cache", "clear", "--yes")
    time.sleep(case.rng.uniform(0.3, 2.0))
    clear.kill()
    clear.wait()
    case.course.killed = True
    case.undo("train_shard")


def turn_the_clock(case: Case) -> None:
    """Date half of all files in the future or the past, and lose what some stage has made."""
    for file in case.checkout.folder.glob("results/**/*"):
        if file.is_file() and case.rng.integers(2):
            when = time.time() + case.rng.uniform(-1e6, 1e6)
            os.utime(file, (when, when))
    case.undo(list(STAGES)[case.rng.integers(len(STAGES))])


def _run(case: Case) -> None:
    ran = case.checkout.lawbook(*RUN)
    case.failed(ran.returncode, ran.stderr)


Fault = Callable[[Case], None]

ANYWHERE: dict[str, Fault] = {
    "job killed": kill_a_job,
    "job asked to stop": ask_a_job_to_stop,
    "Snakemake killed": kill_snakemake,
    "everything killed": kill_everything,
    "server of warm jobs, or a fork, killed": kill_the_warm,
    "Ctrl-C": interrupt,
    "`lawbook run` killed": kill_the_command,
    "result damaged": damage_a_result,
    "shard damaged, plain Snakemake": damage_a_shard,
    "cache entry damaged": damage_the_cache,
    "begun twice": begin_twice,
    "code changed before resuming": change_the_code,
    "code changed while running": change_the_code_at_once,
    "Snakemake's records lost, code changed": lose_records,
    "clearing the cache killed": break_off_clearing_the_cache,
    "clock wrong": turn_the_clock,
}
BY_ROOT: dict[str, Fault] = {
    "disk full": fill_the_disk,
    "results read-only": protect_the_results,
    "whole folder read-only": protect_the_house,
}
NEW_CODE = (change_the_code, change_the_code_at_once, lose_records)
"""Faults after which the right table is that of the changed code."""


def kinds() -> dict[str, Fault]:
    """Return the kinds that can be tried here: disks are filled and protected by root alone."""
    return ANYWHERE | (BY_ROOT if may_mount() else {})


@dataclass
class Studies:
    """A finished checkout, and one with changed code, of which each fault gets a copy; `ready` makes them."""

    folder: Path

    def ready(self, faults: Collection[Fault]) -> Studies:
        """Make the checkouts that these faults need, before several happen at once."""
        assert self.new if set(NEW_CODE).intersection(faults) else self.old
        return self

    @cached_property
    def old(self) -> Checkout:
        """Return the checkout as it is."""
        return prepare(self.folder / "old")

    @cached_property
    def new(self) -> Checkout:
        """Return the checkout whose model was changed before it ran."""
        checkout = self.old.copy(self.folder / "new")
        edit_the_model(checkout)
        ran = checkout.lawbook(*RUN)
        assert ran.returncode == 0, ran.stderr
        return checkout

    def suffer(self, fault: Fault, rng: np.random.Generator) -> Course:
        """Let a fault happen to a copy of the checkout, resume, and return its course."""
        right = self.new if fault in NEW_CODE else self.old
        with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as folder:
            case = Case(self.old.copy(Path(folder) / "case"), right, rng)
            fault(case)
            # What was finished by other code is of no use to the new.
            return case.resume(kept={} if fault in NEW_CODE else finished_runs(case.cache))
