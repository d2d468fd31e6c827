"""Scoring: every metric scores each pool once, from what probes say of it; and how far the scores can be trusted."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from lawbook.pruning.metrics import PROBED, Evidence, Scores, metrics
from lawbook.pruning.pools import pool_of
from lawbook.scoring.probes import Answer, ask_probes, gather, pool_task, with_probes
from lawbook.signals import check_wanted
from lawbook.storage.checksum import digest
from lawbook.storage.tables import conform, empty
from lawbook.studies.cost import LARGEST_STACK, run_cost
from lawbook.studies.probes import Pool
from lawbook.training.cache import Cache, Cached
from lawbook.training.exactness import require_exact
from lawbook.training.process import prepare_process
from lawbook.training.shard import data_digest, numerics, versions
from lawbook.training.watch import JobHeartbeat

Key = tuple[str, str]
"""A pool and a metric."""


def score_pools(
    pools: Sequence[Pool], *, cache: Path, code: str, heartbeat: JobHeartbeat | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables 'scores' (a row per pool, metric and example; high = hard) and 'scorings'.

    cache: the cache's root folder; code: the digest of the scoring code, part of its key. Pools are scored some at
    a time, and what is finished is kept there: a killed job goes on from it, and another metric is scored alone.
    heartbeat: called with the probes' run-steps done and in all. Raises AbandonedError between pools if the
    Snakemake that asked for the scores is gone.
    """
    prepare_process()
    if not pools:
        return empty("scores"), empty("scorings")
    folder = Cache(cache / digest(["scores", code, numerics(pools[0].config)]), "scores")
    keys = {(pool.pool_id, metric): _key(pool, metric) for pool in pools for metric in pool.metrics}
    finished = folder.load(list(keys.values()))
    lacking = [pool for pool in pools if any(keys[pool.pool_id, m] not in finished for m in pool.metrics)]
    for probe in {p.config["model"]: p for pool in lacking for p in pool.every_probe}.values():
        require_exact(probe.config, cache)
    total = sum(probe.config["steps"] for pool in pools for probe in pool.every_probe)
    done = total - sum(probe.config["steps"] for pool in lacking for probe in pool.every_probe)
    for chunk in _chunks(lacking):
        wanted = {
            pool.pool_id: [m for m in pool.metrics if keys[pool.pool_id, m] not in finished] for pool in chunk
        }
        answered = _answered(chunk, wanted, done, total, heartbeat)
        scored = {
            keys[pool.pool_id, metric]: entry
            for pool in chunk
            for metric, entry in _score(pool, wanted[pool.pool_id], answered).items()
        }
        folder.store(scored)
        finished |= scored
        done += sum(probe.config["steps"] for pool in chunk for probe in pool.every_probe)
        check_wanted()
    if heartbeat is not None:
        heartbeat(total, total)
    ordered = [finished[key] for key in keys.values()]
    return (
        conform(pd.concat([entry.table for entry in ordered], ignore_index=True), "scores"),
        conform(pd.DataFrame([dict(entry.row) for entry in ordered]), "scorings"),
    )


def _chunks(pools: Sequence[Pool]) -> list[list[Pool]]:
    """Return the pools in groups whose probes fill a stack."""
    chunks: list[list[Pool]] = []
    size = LARGEST_STACK
    for pool in pools:
        if size >= LARGEST_STACK:
            chunks.append([])
            size = 0
        chunks[-1].append(pool)
        size += max([len(probes) for probes in pool.probes.values()], default=1)
    return chunks


def _answered(
    pools: Sequence[Pool],
    wanted: dict[str, list[str]],
    done: int,
    total: int,
    heartbeat: JobHeartbeat | None,
) -> dict[str, Answer]:
    """Return what the probes of the wanted metrics say, by probe."""
    answered: dict[str, Answer] = {}
    for need in PROBED:
        probes = [
            probe
            for pool in pools
            if any(need in metrics[metric].needs for metric in wanted[pool.pool_id])
            for probe in pool.probes[need]
        ]
        beat = None if heartbeat is None else lambda steps, before=done: heartbeat(before + steps, total)
        answered |= ask_probes(need, probes, beat)
        done += sum(probe.config["steps"] for probe in probes)
    return answered


def _score(pool: Pool, wanted: Sequence[str], answered: dict[str, Answer]) -> dict[str, Cached]:
    """Return the scores of a pool by each wanted metric, with the row that says how they were made."""
    task = pool_task(pool.config)
    members, labels = pool_of(task, pool.config)
    evidence = gather(pool, answered, frozenset().union(*(metrics[metric].needs for metric in wanted)))
    flipped = labels[members] != task.examples(pool.config).targets[members]
    axes = {axis: pool.config[axis] for axis in task.axes.model_fields}
    pool_row = {
        "pool_id": pool.pool_id,
        "seed": pool.config["seed"],
        "axes": json.dumps(axes, sort_keys=True),
        "n": len(members),
        "probe_data": pool.config["probe_data"],
        "pool_digest": hashlib.sha256(members.tobytes() + labels[members].tobytes()).hexdigest()[:16],
        "device": pool.config["device"],
        "versions": versions(),
    }
    found = {}
    for name in wanted:
        probes, began = pool.probes_of(name), time.perf_counter()
        score = _finite(name, evidence)
        row = {
            "metric": name,
            "probes": len(probes),
            "probe_ids": " ".join(probe.run_id for probe in probes),
            "probe_seeds": " ".join(f"{probe.config['seed']}/{probe.config['probe']}" for probe in probes),
            "step": probes[0].config["steps"] if probes else None,
            "flops": sum(run_cost(probe.config).flops for probe in probes),
            "wall_s": time.perf_counter() - began + sum(answered[probe.run_id].wall_s for probe in probes),
            "reliability": _reliability(name, evidence, pool, answered),
            "planted_auc": _planted_auc(score, flipped),
        }
        table = pd.DataFrame({"example": np.arange(len(members)), "index": members, "score": score})
        found[name] = Cached(
            conform(table.assign(pool_id=pool.pool_id, metric=name), "scores"), pool_row | row
        )
    return found


def _finite(name: str, evidence: Evidence) -> Scores:
    score = metrics[name].score
    assert score is not None, "only what has a score has a pool to score"
    found = score(evidence)
    if not np.isfinite(found).all():
        raise FloatingPointError(f"metric {name}: {int((~np.isfinite(found)).sum())} scores are not finite")
    return found


def _reliability(name: str, evidence: Evidence, pool: Pool, answered: dict[str, Answer]) -> float | None:
    """Return the rank correlation of the scores by the even and by the odd probes; none for a single probe."""
    asked = [probes for need, probes in pool.probes.items() if need in metrics[name].needs]
    if not asked or min(map(len, asked)) < (4 if "heldout" in metrics[name].needs else 2):
        return None
    even = _finite(name, with_probes(evidence, pool, answered, lambda probes: probes[::2]))
    odd = _finite(name, with_probes(evidence, pool, answered, lambda probes: probes[1::2]))
    return float(spearmanr(even, odd).statistic) if np.ptp(even) > 0 and np.ptp(odd) > 0 else None


def _planted_auc(score: Scores, flipped: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> float | None:
    """Return how often a replaced label scores higher than one that was not; none without any."""
    if flipped.all() or not flipped.any():
        return None
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(flipped, score))


def _key(pool: Pool, metric: str) -> str:
    """Return what determines the scores of a pool by a metric, given the code and the numerics."""
    probes: list[Any] = [probe.run_id for probe in pool.probes_of(metric)]
    return digest([pool.pool_id, metric, probes, data_digest(pool.config)])
