"""Scoring: probes are trained in stacks, and every metric scores each pool once from what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from lawbook.pruning.metrics import Probed, metrics
from lawbook.studies.cost import run_cost, stack_size
from lawbook.studies.probes import Pool
from lawbook.studies.runs import Run
from lawbook.studies.shards import make_shards
from lawbook.tables import conform, empty
from lawbook.tasks import PoolTask, tasks
from lawbook.training.process import prepare_process
from lawbook.training.sources import pool_of
from lawbook.training.stack import Heartbeat, JobHeartbeat, heartbeat_within, train_stack

Probabilities = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def score_pools(pools: Sequence[Pool], *, heartbeat: JobHeartbeat | None = None) -> pd.DataFrame:
    """Return the table 'scores': one row per pool, metric and example (its position in the pool); high = hard.

    heartbeat: called with the probes' run-steps done and in all.
    """
    prepare_process()
    probabilities = _probe([probe for pool in pools for probe in pool.probes], heartbeat)
    tables = []
    for pool in pools:
        config = pool.probes[0].config
        members, labels = pool_of(_pool_task(config["task"]), config)
        probed = Probed(np.stack([probabilities[probe.run_id] for probe in pool.probes]), labels[members])
        for name in pool.metrics:
            score = metrics[name].score
            assert score is not None, "only metrics that need probes have pools to score"
            tables.append(
                pd.DataFrame({"example": np.arange(len(members)), "score": score(probed)}).assign(
                    pool_id=pool.pool_id,
                    metric=name,
                    probes=len(pool.probes),
                    step=config["steps"],
                    flops=sum(run_cost(probe.config).flops for probe in pool.probes),
                )
            )
    return conform(pd.concat(tables, ignore_index=True), "scores") if tables else empty("scores")


def _probe(probes: Sequence[Run], heartbeat: JobHeartbeat | None) -> dict[str, Probabilities]:
    """Train the probes and return what each says of its own pool, (n, classes)."""
    found: dict[str, Probabilities] = {}
    total, done = sum(probe.config["steps"] for probe in probes), 0
    for shape in make_shards(probes, shard_flops=float("inf")).values():
        size = stack_size(shape[0].config)
        for start in range(0, len(shape), size):
            stack = shape[start : start + size]
            beat = heartbeat_within(heartbeat, done, len(stack), total)
            found |= _probe_stack(stack, beat)
            done += sum(probe.config["steps"] for probe in stack)
    return found


def _probe_stack(stack: Sequence[Run], heartbeat: Heartbeat | None) -> dict[str, Probabilities]:
    task = _pool_task(stack[0].config["task"])
    module = train_stack([probe.config for probe in stack], heartbeat=heartbeat)
    pools = [pool_of(task, probe.config)[0] for probe in stack]
    longest = max(len(pool) for pool in pools)
    padded = np.stack([np.resize(pool, longest) for pool in pools])
    inputs = torch.from_numpy(task.examples(stack[0].config).inputs[padded]).to(module.stacked)
    with torch.no_grad():
        says = module(inputs).softmax(-1).cpu().double().numpy()
    return {probe.run_id: says[i, : len(pools[i])] for i, probe in enumerate(stack)}


def _pool_task(name: str) -> PoolTask:
    task = tasks[name]
    if not isinstance(task, PoolTask):
        raise TypeError(f"the task {name} has no pool to score")
    return task
