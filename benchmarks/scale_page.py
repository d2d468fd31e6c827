"""The page on scale: what was measured, and what a large study costs on three machines by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Measured:
    """What `scale.py` has measured: four tables, CPU-seconds of a job, and the seconds of the same jobs by place."""

    plans: pd.DataFrame
    workflows: pd.DataFrame
    after: pd.DataFrame
    training: pd.DataFrame
    jobs: Mapping[str, float]
    slurm: Mapping[str, float]
    evaluations: int

    @property
    def runs(self) -> float:
        """Return the runs of the largest study."""
        return float(self.plans["runs"].max())

    @property
    def training_cpu_s(self) -> float:
        """Return the core-seconds that all runs take to train: each width has an equal part of them."""
        return self.runs * float(self.training["run_cpu_s"].mean())


@dataclass(frozen=True)
class Machine:
    """Where a study may run: cores for training jobs, whether jobs start warm, how many Snakemakes each starts."""

    name: str
    cores: int
    warm: bool
    snakemakes_per_job: int

    def job_cpu_s(self, measured: Measured) -> float:
        """Return the core-seconds of a job besides its training."""
        own = measured.jobs["warm_s" if self.warm else "job_s"]
        return own + self.snakemakes_per_job * measured.jobs["snakemake_s"]


MACHINES = (
    Machine("a laptop, 2 cores, `lawbook run`", 2, True, 0),
    Machine("10 nodes of 32 cores, Slurm", 320, False, 2),
)


def costs_on(measured: Measured, machine: Machine, workflow: pd.Series) -> dict[str, float]:
    """Return hours of wall time and core-hours of the whole study, and the part of them that is not training.

    Jobs are dealt to cores as they come free: no sooner done than the mean load of a core, nor than the longest job.
    """
    per_job = machine.job_cpu_s(measured)
    jobs = measured.training_cpu_s + float(workflow["shards"]) * per_job
    longest = float(workflow["longest_share"]) * measured.training_cpu_s + per_job
    around = float(workflow["cpu_s"] + measured.after["cpu_s"].sum())
    wall = max(jobs / machine.cores, longest) + around
    total = jobs + around
    return {
        "wall_h": wall / 3600,
        "core_h": total / 3600,
        "overhead": 1 - measured.training_cpu_s / total,
    }


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    columns = head.split(" | ")
    lines = [f"| {head} |", "|" + "---|" * len(columns), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def tables_of(measured: Measured) -> str:
    """Return all tables as text."""
    parts = (plans_of, workflows_of, after_of, training_of, jobs_of, costs_of)
    return "\n\n".join(part(measured) for part in parts)


def plans_of(measured: Measured) -> str:
    """Return the table of planning."""
    rows = (
        (f"{row.runs:,.0f}", f"{row.plan_s:.1f}", f"{row.import_s:.1f}", f"{row.peak_mb:,.0f}")
        for row in measured.plans.itertuples()
    )
    return _table("runs | planned, s | imports before, s | memory, MB", rows)


def workflows_of(measured: Measured) -> str:
    """Return the table of Snakemake's planning."""
    rows = (
        (
            f"{row.shard_flops:.0e}",
            f"{row.shards:,.0f}",
            f"{row.wall_s:.1f}",
            f"{row.cpu_s:.1f}",
            f"{row.peak_mb:,.0f}",
            f"{row.longest_share:.2%}",
        )
        for row in measured.workflows.itertuples()
    )
    return _table(
        "`shard_flops` | shards | wall, s | CPU, s | memory, MB | longest shard, of all training", rows
    )


def after_of(measured: Measured) -> str:
    """Return the table of what is done after training."""
    rows = (
        (str(stage), f"{row['wall_s']:.0f}", f"{row['cpu_s']:.0f}", f"{row['peak_mb']:,.0f}")
        for stage, row in measured.after.iterrows()
    )
    return _table("job | wall, s | CPU, s | peak memory, MB", rows)


def training_of(measured: Measured) -> str:
    """Return the table of training jobs."""
    rows = (
        (
            f"{row.width:.0f}",
            f"{row.runs:.0f}",
            f"{row.run_cpu_s:.3f}",
            f"{row.predicted_s:.3f}",
            f"{row.job_cpu_s:.1f}",
            f"{row.peak_mb:,.0f}",
        )
        for row in measured.training.itertuples()
    )
    return _table(
        "width | runs | CPU s a run | predicted by the plan | CPU s of the job besides | memory, MB", rows
    )


def jobs_of(measured: Measured) -> str:
    """Return the table of what a job on one shard of very many costs besides its training."""
    jobs = measured.jobs
    rows = (
        ("as a fork of `lawbook run`, with Snakemake's part", f"{jobs['warm_s']:.2f}"),
        ("as a process of its own", f"{jobs['job_s']:.1f}"),
        ("a Snakemake that runs it as a submitted job", f"{jobs['snakemake_s']:.1f}"),
        ("the same where no plan is published", f"{jobs['planning_s']:.1f}"),
    )
    return _table("job | CPU, s", rows)


def costs_of(measured: Measured) -> str:
    """Return the table of what the whole study costs on each machine, by each size of its shards."""
    rows = []
    for machine in MACHINES:
        for _, workflow in measured.workflows.iterrows():
            found = costs_on(measured, machine, workflow)
            rows.append(
                (
                    machine.name,
                    f"{workflow['shards']:,.0f}",
                    f"{found['wall_h']:.2f}",
                    f"{found['core_h']:.1f}",
                    f"{found['overhead']:.0%}",
                )
            )
    return _table("machine | shards | hours | core-hours | of them not training", rows)


def slurm_of(measured: Measured) -> str:
    """Return what the same jobs took here and on a Slurm, in a sentence."""
    if not measured.slurm:
        return "Jobs on a Slurm were not measured this time (`--slurm`)."
    n, here, there = len(measured.training), measured.slurm["here"], measured.slurm["Slurm"]
    return (
        f"{n} shards that the cache holds whole took {here:.0f} s here by two cores, and {there:.0f} s as jobs of a\n"
        "Slurm of one node on the same two cores, asked for their state every two seconds; the profile asks every 40."
    )


def page_of(measured: Measured) -> str:
    """Return the page."""
    coarse, medium, fine = (row for _, row in measured.workflows.iterrows())
    laptop = costs_on(measured, MACHINES[0], coarse)
    quickly, hastily = (costs_on(measured, MACHINES[1], workflow) for workflow in (medium, fine))
    rows = measured.runs * measured.evaluations * 6
    gpus, cores = 8, MACHINES[1].cores
    return f"""# What a study of {measured.runs:,.0f} runs costs

Measured on one core of a shared 2-core virtual machine, Python 3.11, PyTorch for CPU. The study is
`benchmarks/scale.yaml`: perceptrons of one hidden layer on handwritten digits, widths 8 to 64, five numbers of samples,
ten learning rates, {measured.runs / 200:,.0f} seeds; 500 steps of batch 64, {measured.evaluations} evaluations a run.

## Before training

The grid is a pure function of the YAML. Planning it:

{plans_of(measured)}

Snakemake's dry-run, planning included. Its jobs are shards, so that what it takes follows their number and not that of
the runs. A shard is split by samples, then into blocks of seeds, once it would take more than `shard_flops`:

{workflows_of(measured)}

## Training

Jobs of one shard each, 100 runs in one stack, measured twice: trained, and again with every run in the cache, which
leaves what a job costs besides: libraries, plan, cache.

{training_of(measured)}

{slurm_of(measured)}

A job on one of {fine["shards"]:,.0f} shards of {measured.runs:,.0f} runs reads its own from the plan that was
published when the workflow started, and plans nothing. CPU-seconds where the cache has all of its runs:

{jobs_of(measured)}

## After training

All shards there, {rows:,.0f} rows of curves. Collecting keeps a shard and a part of the sorted curves in memory, never
all of them; fitting reads the table of runs alone.

{after_of(measured)}

## What it comes to

Core-hours are training, jobs, the dry-run, collecting and fitting. Hours take jobs as dealt to cores as they come free:
no sooner done than the mean load of a core, nor than the longest job; queues are left out. On Slurm a job starts
Snakemake twice more, since its plugin does.

{costs_of(measured)}

- On the laptop leave `shard_flops` as it is: {laptop["wall_h"]:.1f} hours with {coarse["shards"]:,.0f} shards.
- On the cluster lower it, but no further than it pays: {medium["shards"]:,.0f} shards end within
  {60 * quickly["wall_h"]:.0f} minutes, {fine["shards"]:,.0f} within {60 * hastily["wall_h"]:.0f}, of whose core-hours
  {hastily["overhead"]:.0%} are not training, since every job starts Snakemake twice and imports its libraries. The
  longer a run takes, the less of this matters.
- {gpus} GPUs: no GPU was at hand. A job trains one shard on one of them and costs the same besides, so that they do
  better than {cores} cores only where one trains more than {cores / gpus:.0f} times as fast as a core does. For models
  as small as these that is not to be taken for granted: a stack's optimiser alone launches a kernel for each run at
  each step.

Written by `python benchmarks/scale.py{" --slurm" if measured.slurm else ""} --page`.
"""
