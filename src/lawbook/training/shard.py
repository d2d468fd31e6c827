"""A shard: its runs looked up in the cache, the rest trained in stacks, and both put into two tables."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import resource
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from functools import cache as memoised
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
import torch
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.errors import LawbookError
from lawbook.models.exactness import instruction_sets
from lawbook.signals import check_wanted
from lawbook.storage.checksum import digest
from lawbook.storage.columns import COLUMNS
from lawbook.storage.status import RunStatus
from lawbook.storage.tables import conform
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.cost import engine, placement, stack_size
from lawbook.studies.identity import Run, effective, examples_seen, reads_scores
from lawbook.studies.probes import pool_id
from lawbook.studies.shards import shape_axes
from lawbook.tasks import PoolTask, tasks
from lawbook.training.cache import Cache, Cached
from lawbook.training.checkpoint import Checkpoint
from lawbook.training.distributed import train_distributed
from lawbook.training.exactness import require_exact
from lawbook.training.measure import Measured, Request
from lawbook.training.outcome import Trained
from lawbook.training.process import prepare_process
from lawbook.training.solved import solve_runs
from lawbook.training.stack import measure_saved, train_stack
from lawbook.training.watch import Heartbeat, JobHeartbeat, heartbeat_within

Scores = Mapping[tuple[str, str], NDArray[np.float64]]


def train_shard(
    runs: Sequence[Run],
    *,
    shard: str,
    cache: Path,
    code: str,
    scores: pd.DataFrame | None = None,
    heartbeat: JobHeartbeat | None = None,
    keep: Collection[str] = (),
    requests: Sequence[Request] = (),
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables 'curves' and 'outcomes' of a shard's runs, training those that the cache lacks.

    cache: the cache's root folder; code: the digest of the training code, part of the cache's key; scores: the
    table 'scores' for runs that prune by score; heartbeat: called with run-steps done and in all; keep: the runs
    whose weights at every evaluation the cache is to hold, for `lawbook.training.weights`; requests: what is measured
    of the runs, from weights that the cache holds, where it has them at all steps that are asked for, else by training
    again. Raises AbandonedError at a checkpoint if the job has to stop, LawbookError if a run that is trained again has
    another curve than before.
    """
    prepare_process()
    by_pool = _scores_by_pool(scores)
    read = {run.run_id: _scores_of(run, by_pool) for run in runs}
    shape = {axis: runs[0].config[axis] for axis in shape_axes(runs[0].config)}
    folder = cache / digest([code, numerics(runs[0].config), shape])
    keys = {run.run_id: run_key(run, read[run.run_id]) for run in runs}
    kept_cache = weights_cache(cache, code, runs[0].config)
    kept = set(kept_cache.load([keys[run.run_id] for run in runs if run.run_id in keep]))

    run_cache = Cache(folder, "curves")
    finished = {key: _marked(found, shard) for key, found in run_cache.load(list(keys.values())).items()}
    lost = {run.run_id for run in runs if run.run_id in keep and keys[run.run_id] not in kept}
    measured = Measured(Cache(cache / digest(["measured", folder.name]), "measured"), keys, requests)
    _measure_saved(
        measured, [run for run in runs if keys[run.run_id] in finished], read, keys, finished, kept_cache
    )
    missing = [
        run
        for run in runs
        if keys[run.run_id] not in finished or run.run_id in lost or measured.lacking([run.run_id])
    ]
    if missing:
        require_exact(runs[0].config, cache)
    size = stack_size(runs[0].config)
    total = sum(run.config["steps"] for run in runs)
    done = total - sum(run.config["steps"] for run in missing)
    for start in range(0, len(missing), size):
        stack = missing[start : start + size]
        in_stack = [keys[run.run_id] for run in stack]
        beat = heartbeat_within(heartbeat, done, len(stack), total)
        of_lost = [key for run, key in zip(stack, in_stack, strict=True) if run.run_id in lost]
        asked = measured.lacking([run.run_id for run in stack])
        besides = [*(["kept"] if of_lost else []), *(request.key for request in asked)]
        trained, weights, outcome = _train(
            stack,
            [read[run.run_id] for run in stack],
            Checkpoint(folder, digest([*in_stack, *besides])),
            shard,
            code,
            beat,
            bool(of_lost),
            asked,
        )
        if of_lost:
            by_key = dict(zip(in_stack, weights, strict=True))
            kept_cache.store({key: by_key[key] for key in of_lost})
        by_key = dict(zip(in_stack, trained, strict=True))
        again = by_key.keys() & finished.keys()
        for key in again:
            _check_same_curve(finished[key], by_key[key], folder)
        measured.add(
            [run.run_id for run in stack],
            asked,
            outcome,
            ["by training again" if key in again else "with training" for key in in_stack],
        )
        if new := {key: run for key, run in by_key.items() if key not in again}:
            run_cache.store(new)
        finished |= by_key
        done += sum(run.config["steps"] for run in stack)
        check_wanted()
    if heartbeat is not None:
        heartbeat(total, total)
    ordered = [
        _with_measured(run.config, finished[keys[run.run_id]], measured)
        for run in sorted(runs, key=lambda run: run.run_id)
    ]
    return (
        conform(pd.concat([run.table for run in ordered], ignore_index=True), "curves").astype(
            {"index": float}
        ),
        conform(pd.DataFrame([dict(run.row) for run in ordered]), "outcomes"),
    )


def _train(
    stack: Sequence[Run],
    scores: Sequence[NDArray[np.float64] | None],
    checkpoint: Checkpoint,
    shard: str,
    code: str,
    heartbeat: Heartbeat | None,
    keep: bool,
    requests: Sequence[Request],
) -> tuple[list[Cached], list[Cached], Trained]:
    """Train a stack and return each run's curve and outcome, with `keep` its weights, and what came of it in all."""
    configs = [run.config for run in stack]
    wall, cpu = time.perf_counter(), _cpu_s()
    read = {i: values for i, values in enumerate(scores) if values is not None}
    kept: Mapping[int, torch.Tensor] = {}
    if engine(configs[0]) == "solve":
        trained = solve_runs(configs, read, heartbeat=heartbeat)
    elif engine(configs[0]) == "distributed":
        trained = train_distributed(
            configs[0], read.get(0), checkpoint=checkpoint, heartbeat=heartbeat, requests=requests
        )
    else:
        module = train_stack(
            configs, read, checkpoint=checkpoint, heartbeat=heartbeat, keep=keep, requests=requests
        )
        trained, kept = module.trained, module.kept
    spent = {
        "wall_s": (time.perf_counter() - wall) / len(stack),
        "cpu_s": (_cpu_s() - cpu) / len(stack),
        "peak_memory_bytes": max(resource.getrusage(who).ru_maxrss for who in _MEASURED) * 1024,
        "shard": shard,
        "engine": engine(configs[0]),
        "stack_size": 1 if engine(configs[0]) == "solve" else len(stack),
        "device": placement(configs[0]),
        "cached": False,
        "versions": versions(),
        "digest": code,
    }
    finished = [
        Cached(curve, _outcome(trained, i, run) | spent | {"data": data_digest(run.config)})
        for i, (curve, run) in enumerate(zip(_curves(trained, stack), stack, strict=True))
    ]
    weights = [Cached(_weights(kept, i), {"run_id": run.run_id}) for i, run in enumerate(stack) if keep]
    return finished, weights, trained


def _check_same_curve(before: Cached, again: Cached, folder: Path) -> None:
    """Raise LawbookError unless a run that was trained again has the curve that it had before, to the last bit."""
    curves = [
        run.table.set_index(["step", "split", "metric"])["value"].sort_index() for run in (before, again)
    ]
    if not curves[0].equals(curves[1].astype(float)):
        run_id = before.row["run_id"]
        problem = f"run {run_id}, trained again to see its weights, has another curve than the cache holds"
        raise LawbookError(f"{problem}; delete {folder} and run again")


def _measure_saved(
    measured: Measured,
    runs: Sequence[Run],
    scores: Mapping[str, NDArray[np.float64] | None],
    keys: Mapping[str, str],
    finished: Mapping[str, Cached],
    saved: Cache,
) -> None:
    """Measure finished runs by the weights that the cache holds, where it has all that are asked for."""
    lacking = [run for run in runs if measured.lacking([run.run_id])]
    size = stack_size(lacking[0].config) if lacking else 1
    for start in range(0, len(lacking), size):
        some = lacking[start : start + size]
        found = saved.load([keys[run.run_id] for run in some])
        stack = [run for run in some if keys[run.run_id] in found]
        if not stack:
            continue
        read = {i: values for i, run in enumerate(stack) if (values := scores[run.run_id]) is not None}
        tables = [
            found[keys[run.run_id]].table for run in stack
        ]  # with a row for each evaluation, in its order
        by_step: dict[int, list[bytes]] = {
            int(step): [table["weights"].iloc[place] for table in tables]
            for place, step in enumerate(tables[0]["step"])
        }
        asked = measured.lacking([run.run_id for run in stack])
        possible, taken = measure_saved([run.config for run in stack], read, asked, by_step)
        outcomes = [finished[keys[run.run_id]].row for run in stack]
        diverged = [-1 if row["diverged_step"] is None else int(row["diverged_step"]) for row in outcomes]
        outcome = Trained([row["n_train"] for row in outcomes], {}, diverged, measured=taken)
        measured.add([run.run_id for run in stack], possible, outcome, ["from saved weights"] * len(stack))
        check_wanted()


def _with_measured(config: Config, run: Cached, measured: Measured) -> Cached:
    """Return a run whose curve has what was measured of it, without a split, and whose outcome says how."""
    run_id, table = run.row["run_id"], run.table
    how = measured.how(run_id)
    if how is not None and len(taken := measured.table(run_id)):
        table = table.astype({"index": float})
        samples_seen = [examples_seen(config, step) for step in taken["step"]]
        no_split = pd.Series(None, index=taken.index, dtype=table["split"].dtype)
        rows = taken.assign(run_id=run_id, samples_seen=samples_seen, split=no_split)
        table = pd.concat([table, rows], ignore_index=True)
    return Cached(table, {**run.row, "measured": how})


def weights_cache(cache: Path, code: str, config: Config) -> Cache:
    """Return the cache of the weights that are kept of runs with this code and these numerics."""
    return Cache(cache / digest(["weights", code, numerics(config)]), "weights")


def _weights(kept: Mapping[int, torch.Tensor], place: int) -> pd.DataFrame:
    """Return the weights of one run of a stack at each step, as the bytes of its row."""
    rows = [(step, stacked[place].contiguous().numpy().tobytes()) for step, stacked in kept.items()]
    return pd.DataFrame(rows, columns=list(COLUMNS["weights"]))


_MEASURED = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
"""This process, and those that it has started, of which the largest counts for memory."""


def _cpu_s() -> float:
    return sum(spent.ru_utime + spent.ru_stime for spent in map(resource.getrusage, _MEASURED))


def _curves(trained: Trained, runs: Sequence[Run]) -> list[pd.DataFrame]:
    """Return each run's curve; from the step at which it diverged its values are missing."""
    found = {
        (step, *name.split("/")): values
        for step, metrics in sorted(trained.curve.items())
        for name, values in sorted(metrics.items())
    }
    shared = conform(pd.DataFrame([*found], columns=["step", "split", "metric"]), "curves")
    steps = shared["step"].to_numpy(dtype=np.int64)
    values = np.array([*found.values()], dtype=float).reshape(len(found), len(runs))
    stopped = np.array(trained.diverged_step)
    values[~np.isfinite(values) | ((steps[:, None] >= stopped) & (stopped >= 0))] = np.nan
    # All runs as one table, cut up: a table made for each run takes as long as many a run does.
    n = len(shared)
    table = shared.take(np.tile(np.arange(n), len(runs))).assign(
        run_id=np.repeat([run.run_id for run in runs], n),
        samples_seen=[examples_seen(run.config, step) for run in runs for step in steps.tolist()],
        value=values.T.ravel(),
    )
    return [table[start : start + n].reset_index(drop=True) for start in range(0, len(table), n)]


def _outcome(trained: Trained, place: int, run: Run) -> dict[str, Any]:
    n_train = trained.n_train[place]
    outcome = {
        "run_id": run.run_id,
        "n_train": n_train,
        "n_unique": min(n_train, examples_seen(run.config, run.config["steps"])),
        "status": RunStatus.OK,
        "reason": None,
        "diverged_step": None,
    }
    stopped = trained.diverged_step[place]
    if place in trained.failed:
        outcome |= {"status": RunStatus.FAILED, "reason": trained.failed[place]}
    elif stopped >= 0:
        reason = f"the training loss at step {stopped} was not finite or above 1,000 times the first"
        outcome |= {"status": RunStatus.DIVERGED, "reason": reason, "diverged_step": stopped}
    elif run.config["converged_within"] is not None:
        fall = _late_fall(trained, place, run.config["steps"])
        if not fall <= run.config["converged_within"]:
            reason = f"the loss fell by {fall:.1%} over the last half of the steps"
            outcome |= {"status": RunStatus.UNCONVERGED, "reason": reason}
    return outcome


def _late_fall(trained: Trained, place: int, steps: int) -> float:
    """Return by which share of itself a run's validation loss fell between the middle and the last step."""
    name = "validation/loss" if "validation/loss" in trained.curve[steps] else "test/loss"
    middle, last = (trained.curve[step][name][place] for step in (max(1, steps // 2), steps))
    return 1.0 - last / middle


def _marked(run: Cached, shard: str) -> Cached:
    return Cached(run.table, {**run.row, "cached": True, "shard": shard})


def run_key(run: Run, scores: NDArray[np.float64] | None = None) -> str:
    """Return what determines a run's result, given the training code and the numerics of its folder."""
    inputs = [data_digest(run.config)]
    if scores is not None:
        inputs.append(digest(scores.tolist()))
    return digest([run.run_id, effective(run.config), inputs])


def data_digest(config: Config) -> str:
    """Return the digest of the examples that a pool task's runs read, empty where code and seed say it all."""
    axes = tasks[config["task"]].axes.model_fields
    return _data_digest(config["task"], tuple((axis, config[axis]) for axis in axes))


@memoised
def _data_digest(task_name: str, axes: tuple[tuple[str, Any], ...]) -> str:
    task = tasks[task_name]
    if not isinstance(task, PoolTask) or task.drawn:
        return ""
    config = dict(axes)
    examples, splits = task.examples(config), task.splits(config)
    parts: list[NDArray[Any]] = [
        examples.inputs,
        examples.targets,
        *(splits[name] for name in sorted(splits)),
    ]
    return digest([hashlib.sha256(np.ascontiguousarray(part).data).hexdigest() for part in parts])


def numerics(config: Config) -> list[str]:
    """Return what may change the last bits of a result besides the code."""
    capability = torch.backends.cpu.get_cpu_capability()
    if config["device"] == "cuda":
        capability = torch.cuda.get_device_name()
    libraries = [torch.__version__, np.__version__]  # NumPy draws all random numbers
    if engine(config) == "solve":
        libraries.append(scipy.__version__)
    how = [engine(config), config["dtype"], *(str(config[axis]) for axis in HOW_TRAINED)]
    return [*how, *libraries, capability, platform.machine(), *instruction_sets()]


@memoised
def versions() -> str:
    """Return the versions of what computes, as a JSON object."""
    names = ("lawbook", "torch", "pytorch-lightning", "numpy", "scipy", "scikit-learn")
    found = {"python": sys.version.split()[0], **{name: importlib.metadata.version(name) for name in names}}
    return json.dumps(found, sort_keys=True)


def _scores_by_pool(scores: pd.DataFrame | None) -> Scores:
    if scores is None:
        return {}
    groups = scores.sort_values("example").groupby(["pool_id", "metric"])
    return {(str(pool), str(metric)): group["score"].to_numpy() for (pool, metric), group in groups}


def _scores_of(run: Run, by_pool: Scores) -> NDArray[np.float64] | None:
    return by_pool[pool_id(run.config), run.config["metric"]] if reads_scores(run.config) else None
