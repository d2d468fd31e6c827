"""The kinds of faults in the jobs that train, score and collect: what is done to them, at a moment that is drawn."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable

from lawbook.cli.app import main as command_line

from .damage import may_mount, small_disk
from .outcomes import Course
from .workshop import CACHE, RESULTS, Job, Trial, start


def killed(trial: Trial, job: Job, number: signal.Signals) -> None:
    """Send a signal at any moment of a job."""
    child = start(job.run, trial.folder)
    time.sleep(trial.rng.uniform(0.0, trial.shop.seconds[job.name]))
    os.kill(child.pid, number)
    trial.ended(job, child)


def killed_at_a_file(trial: Trial, job: Job) -> None:
    """Kill a job just before one of its operations on files."""
    trial.attempt(job, die_at=int(trial.rng.integers(1, trial.shop.operations[job.name] + 1)))


def kill_training(trial: Trial) -> None:
    """SIGKILL a job that trains, at any moment."""
    trial.undo(job := trial.job("train_shard"))
    killed(trial, job, signal.SIGKILL)


def kill_training_at_a_file(trial: Trial) -> None:
    """SIGKILL a job that trains, just before an operation on a file."""
    trial.undo(job := trial.job("train_shard"))
    killed_at_a_file(trial, job)


def ask_training_to_stop(trial: Trial) -> None:
    """SIGTERM or SIGUSR1 to a job that trains."""
    trial.undo(job := trial.job("train_shard"))
    killed(trial, job, [signal.SIGTERM, signal.SIGUSR1][trial.rng.integers(2)])


def kill_scoring(trial: Trial) -> None:
    """SIGKILL the job that scores, at any moment or at a file."""
    trial.undo(job := trial.job("score_pools"))
    if trial.rng.integers(2):
        killed(trial, job, signal.SIGKILL)
    else:
        killed_at_a_file(trial, job)


def kill_collecting(trial: Trial) -> None:
    """SIGKILL the job that collects, just before an operation on a file."""
    trial.undo(job := trial.job("collect_runs"), cache=False)
    killed_at_a_file(trial, job)


def lose_the_owner(trial: Trial) -> None:
    """Let the Snakemake die that a job that trains belongs to, and nobody else."""
    trial.undo(job := trial.job("train_shard"))
    owner = start(lambda: time.sleep(60), trial.folder)
    os.environ["LAWBOOK_OWNER_PID"] = str(owner.pid)
    try:
        child = start(job.run, trial.folder)
        time.sleep(trial.rng.uniform(0.0, trial.shop.seconds[job.name]))
        os.kill(owner.pid, signal.SIGKILL)
        owner.end()
        trial.ended(job, child)
    finally:
        del os.environ["LAWBOOK_OWNER_PID"]


def damage_a_checkpoint(trial: Trial) -> None:
    """Damage a checkpoint that a killed job has left."""
    trial.undo(job := trial.job("train_shard"))
    for _ in range(20):
        killed_at_a_file(trial, job)
        if trial.files(".cache/*/*.ckpt"):
            trial.damage(".cache/*/*.ckpt")
            break
        shutil.rmtree(trial.folder / CACHE, ignore_errors=True)
    trial.attempt(job)


def damage_the_cache(trial: Trial) -> None:
    """Damage a file of finished runs or scores, and ask for what it held."""
    file = trial.damage(".cache/*/*.parquet")
    for job in trial.shop.jobs[:-1]:  # one of them reads it
        trial.undo(job, cache=False)
        trial.attempt(job)
    reported = any("is damaged" in said.read_text() for said in trial.folder.glob("said-*.txt"))
    if file.exists() and not reported:
        trial.course.errors.append(f"{file} is damaged, and nobody says so")


def damage_a_shard(trial: Trial) -> None:
    """Damage the curves or the outcomes of a shard, and collect."""
    trial.damage("faults/shards/*.parquet")
    trial.attempt(trial.job("collect_runs"))


def damage_the_scores(trial: Trial) -> None:
    """Damage the scores, and train the shard that is pruned by them."""
    trial.damage("faults/scor*.parquet")
    (job,) = (job for job in trial.shop.jobs if job.script == "train_shard" and job.inputs)
    trial.undo(job)
    trial.attempt(job)


def damage_a_table(trial: Trial) -> None:
    """Damage a table that has been collected; the next run of the study meets it."""
    trial.damage("faults/[rc]*.parquet")


def fill_the_disk(trial: Trial) -> None:
    """Run the jobs on a disk with little room for results and cache."""
    trial.undo(trial.job("train_shard"))
    trial.undo(trial.job("score_pools"))
    with small_disk(trial.folder / "results", int(trial.rng.integers(0, 100))):
        _until_one_fails(trial)


def fill_the_disk_of_the_cache(trial: Trial) -> None:
    """Train on a disk with little room for the cache, and enough for results."""
    trial.undo(job := trial.job("train_shard"))
    with small_disk(trial.folder / CACHE, int(trial.rng.integers(0, 20))):
        trial.attempt(job)


def protect_the_results(trial: Trial) -> None:
    """Let the results be read-only when a job begins."""
    trial.undo(trial.job(["train_shard", "score_pools", "collect_runs"][trial.rng.integers(3)]))
    with small_disk(trial.folder / RESULTS, 1 << 14) as again:
        again("ro")
        _until_one_fails(trial)
        again("rw")


def protect_the_cache(trial: Trial) -> None:
    """Let the cache be read-only when a job begins."""
    trial.undo(job := trial.job(["train_shard", "score_pools"][trial.rng.integers(2)]))
    (trial.folder / CACHE).mkdir(exist_ok=True)
    with small_disk(trial.folder / CACHE, 1 << 14) as again:
        again("ro")
        trial.attempt(job)
        again("rw")


def train_twice_at_once(trial: Trial) -> None:
    """Let two jobs train the same shard at the same time, and kill one of them or none."""
    trial.undo(job := trial.job("train_shard"))
    children = [start(job.run, trial.folder) for _ in range(2)]
    if trial.rng.integers(2):
        time.sleep(trial.rng.uniform(0.0, trial.shop.seconds[job.name]))
        os.kill(children[0].pid, signal.SIGKILL)
    for child in children:
        trial.ended(job, child)


def break_off_clearing_the_cache(trial: Trial) -> None:
    """Kill `lawbook cache clear` between two files, and train what is asked for then."""

    def clear() -> None:
        import sys

        sys.argv = ["lawbook", "cache", "clear", "--yes"]
        command_line()

    n_files = len(trial.files(".cache/**/*"))
    code, said = start(clear, trial.folder, die_at=int(trial.rng.integers(1, 2 * n_files))).end()
    trial.course.killed = True
    assert code in (0, -signal.SIGKILL), said
    trial.undo(job := trial.job("train_shard"), cache=False)
    trial.attempt(job)


def turn_the_clock(trial: Trial) -> None:
    """Date some files in the future or the past, as a wrong clock does, and lose a table."""
    for file in trial.files("**/*"):
        if file.is_file() and trial.rng.integers(2):
            when = time.time() + trial.rng.uniform(-1e6, 1e6)
            os.utime(file, (when, when))
    trial.undo(trial.job("train_shard"), cache=bool(trial.rng.integers(2)))


def leave_litter(trial: Trial) -> None:
    """Put heartbeats that make no sense and half-written files beside the results, and train."""
    texts = ("", "{", "[]", "null", '{"done": "x", "total": {}}', '{"done": 1e999, "total": 1}', "\x00")
    for beat in trial.files("faults/progress/*.json"):
        beat.write_text(texts[trial.rng.integers(len(texts))])
    trial.undo(job := trial.job("train_shard"))
    for folder in (RESULTS / "shards", CACHE / "0123456789abcdef"):
        (trial.folder / folder).mkdir(parents=True, exist_ok=True)
        for name in (".width=4-abcd_123.parquet", "0123.99.partial", ".litter"):
            (trial.folder / folder / name).write_bytes(trial.rng.bytes(100))
    trial.attempt(job)


def _until_one_fails(trial: Trial) -> None:
    for job in trial.shop.jobs:
        if not all((trial.folder / output).exists() for output in job.outputs) and trial.attempt(job):
            return


Fault = Callable[[Trial], None]

ANYWHERE: dict[str, Fault] = {
    "training killed": kill_training,
    "training killed at a file": kill_training_at_a_file,
    "training asked to stop": ask_training_to_stop,
    "scoring killed": kill_scoring,
    "collecting killed at a file": kill_collecting,
    "Snakemake gone": lose_the_owner,
    "checkpoint damaged": damage_a_checkpoint,
    "cache entry damaged": damage_the_cache,
    "shard table damaged": damage_a_shard,
    "scores damaged": damage_the_scores,
    "collected table damaged": damage_a_table,
    "two jobs on one shard": train_twice_at_once,
    "clearing the cache killed": break_off_clearing_the_cache,
    "clock wrong": turn_the_clock,
    "litter of dead jobs": leave_litter,
}
BY_ROOT: dict[str, Fault] = {
    "disk full": fill_the_disk,
    "disk of the cache full": fill_the_disk_of_the_cache,
    "results read-only": protect_the_results,
    "cache read-only": protect_the_cache,
}


def kinds() -> dict[str, Fault]:
    """Return the kinds that can be tried here: disks are filled and protected by root alone."""
    return ANYWHERE | (BY_ROOT if may_mount() else {})


def suffer(trial: Trial, fault: Fault) -> Course:
    """Let a fault happen, resume, and return its course."""
    fault(trial)
    return trial.finish()
