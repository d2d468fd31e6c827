"""The benchmark's tables: medians, spreads, ratios within a turn, and shares of the matrix-product peak."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table
from scipy.optimize import nnls
from workload import STEPS, matmul_flops

ACCEPTED = {
    ("64-128-10", 64): (1.8, 3.0),
    ("64-1024-10", None): (0.9, 1.0),
    ("64-1024-1024-10", None): (0.9, 1.0),
}
"""Ratio to the bare loop that each shape must reach, and the aim; None is the stack that the plan chooses."""
ACCEPTED_SWEEPS = {128: (40.0, 60.0), 256: (60.0, 60.0)}
"""Ratio to one Lightning process per run that a stacked sweep of so many runs must reach, and the aim."""


def print_machine(console: Console) -> None:
    """Print what the figures were measured on."""
    import torch

    console.print(
        f"{os.cpu_count()} cores, {platform.machine()} ({torch.backends.cpu.get_cpu_capability()}), "
        f"Python {platform.python_version()}, torch {torch.__version__}; "
        "one thread; medians [least – greatest]",
        markup=False,
    )


def print_sweeps(console: Console, sweeps: pd.DataFrame, steps: pd.DataFrame, *, baseline: str) -> None:
    """Print the whole sweep, start-up included: seconds per run, and how many times less than `baseline`."""
    table = Table(title=f"A whole sweep: 64-128-10, batch 128, {STEPS} steps, AdamW; CPU-seconds per run")
    for column in (
        "way",
        "runs",
        "CPU s per run",
        "times less CPU",
        "required",
        "MB",
        "of peak",
    ):
        table.add_column(column, justify="left" if column == "way" else "right")
    per_turn = sweeps.pivot_table(index="turn", columns="way", values="cpu_s")
    peak = steps.groupby("turn")["peak"].first()
    for way, rows in sweeps.groupby("way", sort=False):
        runs = int(rows["runs"].iloc[0])
        required = ACCEPTED_SWEEPS.get(runs) if str(way).startswith("Lawbook") else None
        share = matmul_flops() * STEPS / per_turn[way] / peak
        table.add_row(
            str(way),
            str(runs),
            spread(rows["cpu_s"], "{:.3f}"),
            spread(per_turn[baseline] / per_turn[way], "{:.1f}"),
            _required(required),
            f"{rows['peak_memory_mb'].median():.0f}",
            spread(100 * share, "{:.1f}") + " %",
        )
    console.print(table)


def print_agreement(console: Console, errors: pd.DataFrame, *, reference: str) -> None:
    """Print each way's mean test error beside that of the reference on the same runs, and their mean difference.

    Standard errors are over runs; that of the difference is over the differences of single runs, which share split,
    initial weights and rate, and differ in the order of their examples.
    """
    table = Table(title="Mean test errors of the same runs, in %, ± their standard errors")
    for column in ("way", "runs", "test error", "Lawbook's", "difference", "in standard errors"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for way, both, difference in mean_errors(errors, reference):
        off = f"{abs(difference.mean()) / difference.sem():.1f}" if difference.std() > 0 else ""
        means = (with_error(values) for values in (both[way], both[reference], difference))
        table.add_row(way, str(len(both)), *means, off)
    console.print(table)


def mean_errors(errors: pd.DataFrame, reference: str) -> Iterator[tuple[str, pd.DataFrame, pd.Series]]:
    """Yield each way with its test errors beside those of the reference on the same runs, in %, and how they differ."""
    by_run = errors.pivot_table(index="run", columns="way", values="test_error", sort=False)
    for way in by_run.columns.drop(reference):
        both = 100 * by_run[[way, reference]].dropna()
        yield str(way), both, both[way] - both[reference]


def print_steps(console: Console, steps: pd.DataFrame) -> None:
    """Print steps without start-up: microseconds of a run's step, their ratio, and shares of the peak."""
    table = Table(title="One step of one run, start-up excluded")
    columns = (
        "shape",
        "stack",
        "bare µs",
        "Lawbook µs",
        "times faster",
        "required",
        "bare of peak",
        "Lawbook of peak",
    )
    for column in columns:
        table.add_column(column, justify="left" if column == "shape" else "right")
    for (shape, stack), rows in steps.groupby(["shape", "stack"], sort=False):
        shares = {
            name: 100 * rows["flops"] / rows[f"{name}_s"] / rows["peak"] for name in ("bare", "stacked")
        }
        table.add_row(
            str(shape),
            str(stack),
            spread(1e6 * rows["bare_s"], "{:.0f}"),
            spread(1e6 * rows["stacked_s"], "{:.0f}"),
            spread(rows["bare_s"] / rows["stacked_s"], "{:.2f}"),
            _required(ACCEPTED.get((str(shape), int(stack) if shape == "64-128-10" else None))),
            spread(shares["bare"], "{:.0f}") + " %",
            spread(shares["stacked"], "{:.0f}") + " %",
        )
    console.print(table)
    peaks = steps.groupby("turn")["peak"].first() / 1e9
    console.print(
        f"sgemm peak of one thread: {spread(peaks, '{:.0f}')} GFLOP/s; shares count matrix products only"
    )


def print_cost_constants(console: Console, steps: pd.DataFrame) -> None:
    """Print the constants of `lawbook.studies.cost` that predict a run's seconds on this machine.

    A step of one run takes STEP_S / stack + RUN_STEP_S + FLOPs / FLOPS_PER_S. The three come from the medians of
    all cases by least squares of the relative error, none below 0.
    """
    cases = (
        steps.groupby(["shape", "stack"], sort=False)[["stacked_s", "flops_by_rule"]].median().reset_index()
    )
    terms = np.stack([1 / cases["stack"], np.ones(len(cases)), cases["flops_by_rule"]], axis=1)
    scale = np.linalg.norm(terms := terms / cases["stacked_s"].to_numpy()[:, None], axis=0)
    found = nnls(terms / scale, np.ones(len(cases)))[0] / scale
    speed = f"{1 / found[2]:.1e}" if found[2] > 0 else "not identified"
    console.print(f"STEP_S = {found[0]:.1e}, RUN_STEP_S = {found[1]:.1e}, FLOPS_PER_S = {speed}")


def spread(values: Iterable[float], form: str) -> str:
    """Return the median of some values and, of several, their range."""
    found = np.array(list(values))
    low, middle, high = (form.format(value) for value in (found.min(), np.median(found), found.max()))
    return middle if len(found) == 1 else f"{middle} [{low} – {high}]"


def with_error(values: pd.Series) -> str:
    """Return the mean and, of several values, its standard error."""
    return f"{values.mean():.2f}" + (f" ± {values.sem():.2f}" if len(values) > 1 else "")


def _required(pair: tuple[float, float] | None) -> str:
    return "" if pair is None else f"≥ {pair[0]:g}, aim {pair[1]:g}"
