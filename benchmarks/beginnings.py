"""What Lawbook's runs of the benchmark begin with, in files that a peer reads without importing Lawbook."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from step_speed import make_benchmark_plan
from workload import DEPTH, RATES

from lawbook.tasks import tasks
from lawbook.training.sources import open_source
from lawbook.training.stack import StackedRuns


def write_beginnings(folder: Path, seeds: Iterable[int]) -> None:
    """Write Lawbook's split of the digits, and the weights that its runs of each seed begin with.

    `split.npz`: the places of the training and of the test examples in scikit-learn's order; `weights_{seed}.npz`:
    each tensor, float32, by the name that `workload.make_model` gives it.
    """
    wanted = sorted(seeds)
    plan = make_benchmark_plan(folder, rates=RATES[:1], seeds=max(wanted) + 1)
    configs = {run.config["seed"]: run.config for run in plan.runs}
    splits = tasks["digits"].splits(configs[0])  # type: ignore[attr-defined]
    np.savez(folder / "split.npz", train=splits["pool"], test=splits["test"])
    chosen = [configs[seed] for seed in wanted]
    weights = StackedRuns(chosen, open_source(chosen, {})).weights
    for row, seed in enumerate(wanted):
        named = {
            f"{2 * layer}.{kind}": weights[f"{kind}_{layer}"][row].detach().numpy()
            for layer in range(DEPTH + 1)
            for kind in ("weight", "bias")
        }
        np.savez(folder / f"weights_{seed}.npz", **named)  # type: ignore[arg-type]
