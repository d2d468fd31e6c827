"""The page on throughput, written from what `sweep_throughput.py` has measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping

import pandas as pd
from throughput_tables import mean_errors, spread, with_error
from workload import STEPS, matmul_flops

LISTED = 10
"""Operations of a step that are named."""


def page_of(
    sweeps: pd.DataFrame,
    errors: pd.DataFrame,
    steps: pd.DataFrame,
    profile: Mapping[str, float],
    *,
    baseline: str,
    reference: str,
    arguments: str,
) -> str:
    """Return the page. sweeps, errors, steps: as measured; profile: the share of each operation in a step.

    baseline, reference: the ways that seconds and errors are compared with; arguments: those of the command.
    """
    import torch

    peaks = steps.groupby("turn")["peak"].first() / 1e9
    turns = sweeps["turn"].nunique()
    return f"""# Throughput: the sweep is the batch

A sweep of small models spends most of its CPU time on things that are not training: imports, a Trainer per run,
hooks and logging per step, and matrix products too small to keep a processor busy. Lawbook trains the runs of one
shape as one vectorised model inside one Lightning process, so that these are paid once for many runs. This page
says what that saves, measured against what people use now, and what limits it.

## What was measured
The sweep: a 64-128-10 perceptron on scikit-learn's handwritten digits, batch 128, {STEPS} steps of AdamW, eight
learning rates times seeds. Each way trains the same runs: the same split, initial weights and learning rates, steps and
batch size, with a final test evaluation and one table of results; the order of examples is each way's own.

| way | what it is |
|---|---|
| Lightning, one process per run | module, fused AdamW, CSV logger, checkpoint at the end; a batch by one indexing |
| Lawbook | planned from YAML, `train_shard` in stacks of at most 128, a run cache, two Parquet tables written |
| bare loop | plain PyTorch in one process, fused AdamW, no Lightning, no loader, no logging |
| Optuna | grid sampler, study in memory, the bare loop as objective |
| joblib | loky, two workers of one thread, the bare loop; the workers' CPU time is counted |

The unit is **process CPU-seconds** (user + system, children included) of a whole process on one thread: imports,
data, training, evaluation and table. Snakemake is left out. The ways take turns (A B C … A B C …), so that
whatever else the machine does falls on all alike; every ratio is between two measurements of one turn.

## Results
{os.cpu_count()} cores of {platform.machine()} ({torch.backends.cpu.get_cpu_capability()}), Python
{platform.python_version()}, PyTorch {torch.__version__}. Medians of {turns} turns, [least – greatest].

{_sweeps(sweeps, steps, baseline)}

The bare loop, Optuna and joblib train fewer runs than Lawbook and so bear more start-up per run. The next table is
without any: steps, each against the bare loop in the same process.

{_steps(steps)}

The machine's own peak in the same processes: {spread(peaks, "{:.0f}")} GFLOP/s (float32, one thread). Shares count the
matrix products only, and only those that are computed: the gradient of the first layer's input is not. On shared
machines ratios within 10 % of each other are not different.

The same runs give the same test errors, but for the order of their examples. In %, ± standard errors over runs; that of
the difference is over the differences of single runs:

{_errors(errors, reference)}

## What limits it
The operations of a step of 64 runs of 64-128-10 by PyTorch's profiler, whose own cost for each of them makes the small
ones look larger; Python and Lightning lie between them and are not seen:

{_profile(profile)}

- The gradient is written by hand, where it belongs, for a few runs at a time, so that what they read and write stays in
  the cache; runs of one rate are moved by one call of the fused optimiser.
- What Lightning does around a step is paid once for a tick, the steps of a fifth of a second.
- Where a single run keeps the core busy, stacking gains nothing, and does not lose.
- A process pays its imports once: for 256 runs they are about a fifth of its CPU time, and the check of gradients on a
  new processor, in a process of its own, a tenth.

## Run it again
    pip install -e '.[train,dev]'
    python benchmarks/sweep_throughput.py                     # five turns; about 20 minutes on a quiet machine
    python benchmarks/sweep_throughput.py --quick             # one small turn, about two minutes
    python benchmarks/sweep_throughput.py {arguments}

The last call has written this page. `--out` writes every measurement to `sweeps.csv`, `errors.csv` and `steps.csv`,
after each turn. At the end it prints the three constants with which `lawbook.studies.cost` predicts a run's seconds,
for this machine. A result of one turn says little; give it five, and look at the spread.
"""


def _sweeps(sweeps: pd.DataFrame, steps: pd.DataFrame, baseline: str) -> str:
    per_turn = sweeps.pivot_table(index="turn", columns="way", values="cpu_s")
    peak = steps.groupby("turn")["peak"].first()
    rows = (
        (
            str(way),
            f"{rows['runs'].iloc[0]}",
            spread(rows["cpu_s"], "{:.3f}"),
            spread(per_turn[baseline] / per_turn[way], "{:.1f}"),
            f"{(100 * matmul_flops() * STEPS / per_turn[way] / peak).median():.1f} %",
        )
        for way, rows in sweeps.groupby("way", sort=False)
    )
    return _table("way | runs | CPU s per run | times less CPU than a process per run | share of peak", rows)


def _steps(steps: pd.DataFrame) -> str:
    rows = []
    for (shape, stack), of_case in steps.groupby(["shape", "stack"], sort=False):
        shares = (
            (100 * of_case["flops"] / of_case[f"{name}_s"] / of_case["peak"]).median()
            for name in ("bare", "stacked")
        )
        rows.append(
            (
                str(shape),
                str(stack),
                spread(1e6 * of_case["bare_s"], "{:.0f}"),
                spread(1e6 * of_case["stacked_s"], "{:.0f}"),
                f"**{spread(of_case['bare_s'] / of_case['stacked_s'], '{:.2f}')}**",
                " / ".join(f"{share:.0f} %" for share in shares),
            )
        )
    columns = ("shape", "runs in the stack", "bare, µs", "Lawbook in Lightning, µs per run", "times faster")
    return _table(" | ".join([*columns, "bare / Lawbook share of peak"]), rows)


def _errors(errors: pd.DataFrame, reference: str) -> str:
    rows = (
        (way, f"{len(both)}", *(with_error(values) for values in (both[way], both[reference], difference)))
        for way, both, difference in mean_errors(errors, reference)
    )
    return _table("way | runs | test error | Lawbook's | difference", rows)


def _profile(profile: Mapping[str, float]) -> str:
    named = [(f"`{name}`", share) for name, share in profile.items()]
    shown = [*named[:LISTED], ("all other operations", sum(share for _, share in named[LISTED:]))]
    return _table("operation | share", ((name, f"{share:.1%}") for name, share in shown))


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    lines = [
        f"| {head} |",
        "|" + "---|" * (head.count(" | ") + 1),
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
    return "\n".join(lines)
