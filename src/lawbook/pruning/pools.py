"""Pools: which examples a run may learn, which of them it does, and with which labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lawbook.axes import Config
from lawbook.pruning.selection import select
from lawbook.seeds import generator
from lawbook.tasks import PoolTask

Indices = NDArray[np.int64]


def pool_of(task: PoolTask, config: Config) -> tuple[Indices, Indices]:
    """Return a run's pool before pruning: the indices of its examples, and the labels of all examples.

    Pools of one seed are nested in `samples`. Label noise replaces each label with probability `label_noise`
    by a class drawn uniformly; whether and by which is drawn once per example, so that noise is nested too.
    """
    members = task.splits(config)["pool"]
    pool = generator(config["seed"], "pool").permutation(members)[: config["samples"]]
    return pool, _noisy(task, config, pool)


def _noisy(task: PoolTask, config: Config, pool: Indices) -> Indices:
    """Return the labels of all examples, those of a pool with noise."""
    labels = task.examples(config).targets
    if not config.get("label_noise", 0.0):
        return labels
    rng = generator(config["seed"], "noise")
    replaced = rng.random(len(labels)) < config["label_noise"]
    drawn = rng.integers(task.n_outputs(config), size=len(labels))
    pooled = np.isin(np.arange(len(labels)), pool)
    return np.where(replaced & pooled, drawn, labels)


def members_of(
    task: PoolTask, config: Config, scores: NDArray[np.float64] | None = None
) -> tuple[Indices, Indices]:
    """Return the indices of the examples that a run learns, after pruning, and the labels of all examples.

    scores: those of its pool, for a run that prunes by score. A probe learns its pool, one half of it, or an
    independent pool as large; the labels of that one are noisy alike.
    """
    pool, labels = pool_of(task, config)
    learns = config.get("learns", "same")
    if learns == "heldout":
        pool = task.probe_pool(config, pool)
        labels = _noisy(task, config, pool)
    elif learns != "same":
        pool = pool[int(learns == "half 1") :: 2]
    if config["keep_fraction"] < 1.0:
        how = (config["keep_fraction"], config["keep"], config["seed"])
        kept = select(scores, labels[pool], *how, drop_hardest=config["drop_hardest"], index=pool)
        pool = pool[kept]
    return pool, labels
