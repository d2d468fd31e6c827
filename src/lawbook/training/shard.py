"""A shard: its runs looked up in the cache, the rest trained in stacks, and both put into two tables."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache as memoised
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.studies.cost import stack_size
from lawbook.studies.probes import pool_id
from lawbook.studies.runs import Run, digest, effective, reads_scores
from lawbook.studies.shards import shape_axes
from lawbook.tables import COLUMNS, conform
from lawbook.tasks import PoolTask, tasks
from lawbook.training.cache import CachedRun, RunCache
from lawbook.training.process import check_owner, prepare_process
from lawbook.training.stack import Heartbeat, JobHeartbeat, StackedRuns, heartbeat_within, train_stack

Scores = Mapping[tuple[str, str], NDArray[np.float64]]


def train_shard(
    runs: Sequence[Run],
    *,
    shard: str,
    cache: Path,
    code: str,
    scores: pd.DataFrame | None = None,
    heartbeat: JobHeartbeat | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables 'curves' and 'outcomes' of a shard's runs, training those that the cache lacks.

    cache: the cache's root folder; code: the digest of the training code, part of the cache's key; scores: the
    table 'scores' for runs that prune by score; heartbeat: called with run-steps done and in all. Raises
    AbandonedError at a checkpoint if the Snakemake that asked for the shard is gone.
    """
    prepare_process()
    by_pool = _scores_by_pool(scores)
    read = {run.run_id: _scores_of(run, by_pool) for run in runs}
    numerics = _numerics(runs[0].config)
    folder = cache / digest(
        [code, numerics, {axis: runs[0].config[axis] for axis in shape_axes(runs[0].config)}]
    )
    keys = {run.run_id: _key(run, read[run.run_id]) for run in runs}

    run_cache = RunCache(folder)
    finished = {key: _marked(found, shard) for key, found in run_cache.load(list(keys.values())).items()}
    missing = [run for run in runs if keys[run.run_id] not in finished]
    size = stack_size(runs[0].config)
    total = sum(run.config["steps"] for run in runs)
    done = total - sum(run.config["steps"] for run in missing)
    for start in range(0, len(missing), size):
        stack = missing[start : start + size]
        in_stack = [keys[run.run_id] for run in stack]
        beat = heartbeat_within(heartbeat, done, len(stack), total)
        trained = _train(
            stack, [read[run.run_id] for run in stack], folder / f"{digest(in_stack)}.ckpt", shard, code, beat
        )
        run_cache.store(dict(zip(in_stack, trained, strict=True)))
        finished |= zip(in_stack, trained, strict=True)
        done += sum(run.config["steps"] for run in stack)
        check_owner()
    if heartbeat is not None:
        heartbeat(total, total)
    ordered = [finished[keys[run.run_id]] for run in sorted(runs, key=lambda run: run.run_id)]
    return (
        conform(pd.concat([run.curve for run in ordered], ignore_index=True), "curves"),
        conform(pd.DataFrame([dict(run.outcome) for run in ordered]), "outcomes"),
    )


def _train(
    stack: Sequence[Run],
    scores: Sequence[NDArray[np.float64] | None],
    checkpoint: Path,
    shard: str,
    code: str,
    heartbeat: Heartbeat | None,
) -> list[CachedRun]:
    configs = [run.config for run in stack]
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    wall, cpu = time.perf_counter(), time.process_time()
    module = train_stack(
        configs,
        {i: values for i, values in enumerate(scores) if values is not None},
        checkpoint=checkpoint,
        heartbeat=heartbeat,
    )
    spent = {
        "wall_s": (time.perf_counter() - wall) / len(stack),
        "cpu_s": (time.process_time() - cpu) / len(stack),
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "shard": shard,
        "engine": "loop" if stack_size(configs[0]) == 1 else "stack",
        "stack_size": len(stack),
        "device": configs[0]["device"],
        "cached": False,
        "versions": json.dumps(_versions(), sort_keys=True),
        "digest": code,
    }
    return [
        CachedRun(_curve(module, i, run), _outcome(module, i, run) | spent) for i, run in enumerate(stack)
    ]


def _curve(module: StackedRuns, place: int, run: Run) -> pd.DataFrame:
    """Return a run's curve; from the step at which it diverged its values are missing."""
    stopped = int(module.diverged_step[place])
    rows = [
        (run.run_id, step, step * run.config["batch_size"], *name.split("/"), values[place])
        for step, metrics in sorted(module.curve.items())
        for name, values in sorted(metrics.items())
    ]
    curve = pd.DataFrame(rows, columns=list(COLUMNS["curves"]))
    lost = (curve["step"] >= stopped) & (stopped >= 0)
    return curve.assign(value=curve["value"].where(~lost & np.isfinite(curve["value"])))


def _outcome(module: StackedRuns, place: int, run: Run) -> dict[str, Any]:
    n_train = int(module.source.n_train[place])
    outcome = {
        "run_id": run.run_id,
        "n_train": n_train,
        "n_unique": min(n_train, run.config["batch_size"] * run.config["steps"]),
        "status": "ok",
        "reason": None,
        "diverged_step": None,
    }
    stopped = int(module.diverged_step[place])
    if stopped >= 0:
        reason = f"the training loss at step {stopped} was not finite or above 1,000 times the first"
        outcome |= {"status": "diverged", "reason": reason, "diverged_step": stopped}
    elif run.config["converged_within"] is not None:
        fall = _late_fall(module, place, run.config["steps"])
        if not fall <= run.config["converged_within"]:
            reason = f"the loss fell by {fall:.1%} over the last half of the steps"
            outcome |= {"status": "unconverged", "reason": reason}
    return outcome


def _late_fall(module: StackedRuns, place: int, steps: int) -> float:
    """Return by which share of itself a run's validation loss fell between the middle and the last step."""
    name = "validation/loss" if "validation/loss" in module.curve[steps] else "test/loss"
    middle, last = (module.curve[step][name][place] for step in (max(1, steps // 2), steps))
    return 1.0 - last / middle


def _marked(run: CachedRun, shard: str) -> CachedRun:
    return CachedRun(run.curve, {**run.outcome, "cached": True, "shard": shard})


def _key(run: Run, scores: NDArray[np.float64] | None) -> str:
    """Return what determines a run's result, given the training code and the numerics of its folder."""
    inputs = [_data_digest(run.config["task"], _data_axes(run.config))]
    if scores is not None:
        inputs.append(digest(scores.tolist()))
    return digest([run.run_id, effective(run.config), inputs])


def _data_axes(config: Config) -> tuple[tuple[str, Any], ...]:
    return tuple((axis, config[axis]) for axis in tasks[config["task"]].axes.model_fields)


@memoised
def _data_digest(task_name: str, axes: tuple[tuple[str, Any], ...]) -> str:
    """Return the digest of the examples that a pool task's runs read."""
    task = tasks[task_name]
    if not isinstance(task, PoolTask):
        return ""
    config = dict(axes)
    examples, splits = task.examples(config), task.splits(config)
    parts: list[NDArray[Any]] = [
        examples.inputs,
        examples.targets,
        *(splits[name] for name in sorted(splits)),
    ]
    return digest([digest(part.tobytes().hex()) for part in parts])


def _numerics(config: Config) -> list[str]:
    """Return what may change the last bits of a result besides the code."""
    capability = torch.backends.cpu.get_cpu_capability()
    if config["device"] == "cuda":
        capability = torch.cuda.get_device_name()
    engine = "loop" if stack_size(config) == 1 else "stack"
    versions = [torch.__version__, np.__version__]  # NumPy draws all random numbers
    return [engine, config["dtype"], config["device"], *versions, capability, platform.machine()]


@memoised
def _versions() -> dict[str, str]:
    names = ("lawbook", "torch", "pytorch-lightning", "numpy", "scikit-learn")
    return {"python": sys.version.split()[0], **{name: importlib.metadata.version(name) for name in names}}


def _scores_by_pool(scores: pd.DataFrame | None) -> Scores:
    if scores is None:
        return {}
    groups = scores.sort_values("example").groupby(["pool_id", "metric"])
    return {(str(pool), str(metric)): group["score"].to_numpy() for (pool, metric), group in groups}


def _scores_of(run: Run, by_pool: Scores) -> NDArray[np.float64] | None:
    return by_pool[pool_id(run.config), run.config["metric"]] if reads_scores(run.config) else None
