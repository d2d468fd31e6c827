"""The quantization model measured: `python benchmarks/quanta.py` trains beside the published loop and simulates T1.

Model-steps per CPU-second of one thread, in turns with the published way (`peer_parity.py`); the quanta sampler against
its exact sums; and what window and number of tasks do to exponents. `--page` writes docs/quanta.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from peer_parity import Shape

from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.theory.quanta import (
    asymptotic_exponents,
    frequencies,
    learned_of_dose,
    loss_of_dose,
    sampler_loss,
)
from lawbook.training.stack import train_stack

PAGE = Path(__file__).parent.parent / "docs" / "quanta.md"
TURNS = 3
CASES = (
    (Shape(50, 20_000, 500, 100), 1, 30, 15),
    (Shape(50, 20_000, 500, 100), 8, 12, 15),
    (Shape(128, 1024, 200, 32), 1, 400, 150),
    (Shape(128, 1024, 200, 32), 32, 80, 150),
)
"""Shape, models in a stack, steps of the stack, steps of the reference."""

SAMPLES = (100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
FACTS, SEEDS = 1_000_000, 8


def config_of(task: str, model: str, **fields: Any) -> dict[str, Any]:
    """Return a run's configuration from the fields that differ from the defaults."""
    config: dict[str, Any] = {"task": task, "model": model}
    for axes in (tasks[task].axes, models[model].axes, TrainingAxes, PruningAxes, SeedAxes):
        config |= axes.defaults()
    return config | fields


def stack_rate(shape: Shape, n_models: int, steps: int, *, own_data: bool) -> float:
    """Return model-steps per CPU-second of a stack, start-up, first steps and evaluation left out."""
    first = max(2, steps // 10)
    configs = [
        config_of(
            "sparse_parity", "parity_mlp", width=shape.width, batch_size=shape.batch_size, n_tasks=shape.n_tasks,
            n_bits=shape.n_bits, steps=first + steps + 1, evaluations=1, learning_rate=1e-3 * (1 + run),
            seed=run if own_data else 0,
        )
        for run in range(n_models)
    ]  # fmt: skip
    at: dict[int, float] = {}

    def look(step: int, _: object) -> None:
        at[step] = time.process_time()

    train_stack(configs, look=look, look_at=(first, first + steps))
    return n_models * steps / (at[first + steps] - at[first])


def reference_rate(shape: Shape, steps: int) -> float:
    """Return steps per CPU-second of the published way, in a process of its own."""
    peer = Path(__file__).with_name("peer_parity.py")
    command = [sys.executable, str(peer), *map(str, dataclasses.astuple(shape)), str(steps)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def throughput_rows() -> list[str]:
    """Return a row of the table per case: rates of both and their ratio, median and range over turns."""
    rows = []
    for shape, n_models, steps, reference_steps in CASES:
        reference, own, shared = [], [], []
        for _ in range(TURNS):
            reference.append(reference_rate(shape, reference_steps))
            own.append(stack_rate(shape, n_models, steps, own_data=True))
            shared.append(stack_rate(shape, n_models, steps, own_data=False))
        ratios = np.array(own) / np.array(reference)
        rows.append(
            f"| width {shape.width}, B = {shape.batch_size:,}, {shape.n_tasks} tasks, {shape.n_bits} bits "
            f"| {n_models} | {np.median(reference):.1f} | {np.median(own):.0f} | {np.median(shared):.0f} "
            f"| **× {np.median(ratios):.1f}** ({ratios.min():.1f}–{ratios.max():.1f}) |"
        )
        print(rows[-1], flush=True)
    return rows


def slope(x: Any, y: Any) -> float:
    """Return d log y / d log x by least squares."""
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def sampler_rows() -> list[str]:
    """Return a row per α: simulated over exact, its sampling error, and both exponents over the same D."""
    rows = []
    task, model = tasks["quanta"], models["memory"]
    for alpha in (0.3, 0.5, 1.0):
        errors = np.empty((SEEDS, len(SAMPLES)))
        for seed in range(SEEDS):
            for i, samples in enumerate(SAMPLES):
                config = config_of(
                    "quanta", "memory", n_tasks=FACTS, alpha=alpha, samples=samples, seed=seed, kept=None
                )
                examples = task.examples(config)
                weights = model.solve(config, examples.inputs.astype(float), examples.targets)
                errors[seed, i] = task.exact_metrics(config, weights)["error"]
        exact = sampler_loss(SAMPLES, FACTS, alpha)
        ratio = errors.mean(axis=0) / exact
        sampling = errors.std(axis=0, ddof=1) / np.sqrt(SEEDS) / exact
        rows.append(
            f"| {alpha:g} | {ratio.mean():.4f} ({ratio.min():.3f}–{ratio.max():.3f}) "
            f"| {sampling.max():.3f} to {sampling.min():.4f} | {np.abs((ratio - 1) / sampling).max():.1f} "
            f"| {-slope(SAMPLES, errors.mean(axis=0)):.4f} | {-slope(SAMPLES, exact):.4f} "
            f"| {asymptotic_exponents(alpha).loss_by_samples:.4f} |"
        )
        print(rows[-1], flush=True)
    return rows


def window_rows() -> list[str]:
    """Return a row per number of tasks and kind of learning: exponents where one to eleven tasks are learned."""
    rows = []
    for n_tasks in (200, 2000, 1_000_000):
        p = frequencies(n_tasks, 0.4)
        steps = 1.0001 * np.geomspace(1 / p[0], 1 / p[10], 30)
        measures: dict[str, Callable[..., Any]] = {"loss": loss_of_dose, "count": learned_of_dose}
        cells = [
            f"{abs(slope(steps, of(steps, n_tasks, 0.4, kind))):.3f}"
            for of in measures.values()
            for kind in ("threshold", "exponential")
        ]
        rows.append(f"| {n_tasks:,} | " + " | ".join(cells) + " |")
    known = asymptotic_exponents(0.4)
    limit = [known.loss_by_steps] * 2 + [known.count_by_steps] * 2
    return [*rows, "| infinitely many, and steps | " + " | ".join(f"{value:.3f}" for value in limit) + " |"]


def page() -> str:
    """Return docs/quanta.md."""
    return f"""# The quantization model, measured

Written by `python benchmarks/quanta.py --page`, on one thread of one core; PyTorch {torch.__version__}.

## Speed of training

Model-steps per CPU-second beside a loop in the manner of the published code (`benchmarks/peer_parity.py`, a process of
its own): one network, one-hot task codes concatenated to the bits, a Python loop over tasks for each batch. Median of
{TURNS} turns; the ratio is that of a turn, with its range. Start-up and evaluation are left out of both.

| case | models in the stack | published way | own data each | one seed, shared data | own data / published |
|---|---|---|---|---|---|
{chr(10).join(throughput_rows())}

Rates on a shared machine differ by a factor of two from hour to hour; the two of a ratio were measured one after the
other.

Both ways train the same network on the same distribution. The gain has four parts: the sampler draws counts, packed
bits and parities without a loop over tasks; a task's one-hot columns are looked up, so that of n_tasks + n_bits columns
only the bits are multiplied; the backward pass follows from one number per example, in place and without autograd; and
what Lightning does around a step is done once for the steps of a fifth of a second. What is left is matrix products at
B = 20,000; at B = 1,024 a third of it is. Runs of one seed share batches, which saves sampling, and nothing else.
Since the runs of a stack follow each other in the kernel, those of several widths would gain nothing by sharing one:
each width is a shard of its own, which costs the start of a process, 3.6 CPU-seconds.

## The quanta sampler against its exact sums

{SEEDS} seeds, K = {FACTS:,} facts with p_k ∝ k^-(1+α), D = {SAMPLES[0]:,} to {SAMPLES[-1]:,} in {len(SAMPLES)} steps;
the mean error over seeds beside Σ p_k (1 - p_k)^D. The ratio is the mean over D, with its range; beside it the largest
and smallest standard error of the ratio at one D, and the largest deviation from 1 in such errors. At small D a few
facts decide, so that {SEEDS} seeds cannot tell 2 % there; the study `quanta_oracle` takes 48.

| α | simulated / exact | standard error at one D | deviation | exponent simulated | exact, same D | at infinity |
|---|---|---|---|---|---|---|
{chr(10).join(sampler_rows())}

## What the window does

α = 0.4, exponents in steps fitted from the first to the eleventh learned task, by the exact sums alone:

| tasks | loss, threshold | loss, exponential | count, threshold | count, exponential |
|---|---|---|---|---|
{chr(10).join(window_rows())}

An exponent above that at infinity is no sign of a network's own effect before it exceeds these. The study `quanta`
prints all of them beside each measured exponent.
"""


def main() -> None:
    """Measure, print, and with `--page` write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", action="store_true", help=f"write {PAGE.name}")
    wanted = parser.parse_args()
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    torch.set_num_threads(1)
    text = page()
    if wanted.page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
