"""Shards: the runs that one job trains, grouped by what they must share and named by what varies."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from lawbook.axes import Config
from lawbook.models import models
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.cost import run_cost
from lawbook.studies.identity import Run, reads_scores
from lawbook.tasks import tasks

SHARED = (
    "loss", "optimizer", "parametrization", "base_width", "output_multiplier", "batch_size", "batch_growth",
    "growth_step", "steps", "evaluations", "first_evaluation", "evaluated_splits", "converged_within", "dtype",
    "precision", *HOW_TRAINED,
)  # fmt: skip
"""Training fields that the runs of one stack share; all else (learning rate, decay, schedule, …) is per run."""


def shape_axes(config: Config) -> tuple[str, ...]:
    """Return the axes that the runs of one stack share: the model's, some of the task's, some of the training's."""
    model, task = models[config["model"]], tasks[config["task"]]
    return (*model.axes.model_fields, *task.shape_axes, *SHARED)


def make_shards(runs: Iterable[Run], shard_flops: float) -> dict[str, list[Run]]:
    """Group runs into named shards; each run is in exactly one.

    A shard holds the runs that share model shape, batch size, step count, optimiser, number format and devices,
    and whether they read scores. Above `shard_flops` it splits by samples, then into blocks of seeds; a run of several
    devices is a shard by itself. A name gives the axes that vary among the study's shards (`width=64`,
    `width=64_seed=0-31`, `width=64_pruned`, `model=mlp_width=64`), never a position; a study with one shard calls it
    `all`.
    """
    learned = ("task", "model")
    families = _grouped(runs, lambda run: tuple(run.config[axis] for axis in learned))
    varying = [i for i in range(len(learned)) if len({family[i] for family in families}) > 1]
    shards: dict[str, list[Run]] = {}
    for family, members in families.items():
        labels = [f"{learned[i]}={family[i]}" for i in varying]
        for name, part in _shards_of_family(members, shard_flops).items():
            shards["_".join([*labels, *([name] if name else [])]) or "all"] = part
    return shards


def _shards_of_family(runs: list[Run], shard_flops: float) -> dict[str, list[Run]]:
    """Return the shards of runs of one task and one model, by what varies among them; "" is all of them."""
    axes = shape_axes(runs[0].config)
    varying = [axis for axis in axes if len({run.config[axis] for run in runs}) > 1]

    shards: dict[str, list[Run]] = {}
    whole = _grouped(runs, lambda run: (*(run.config[axis] for axis in varying), reads_scores(run.config)))
    for (*values, pruned), members in whole.items():
        labels = [f"{axis}={value}" for axis, value in zip(varying, values, strict=True)]
        several = members[0].config["devices"] > 1
        for extra, part in _one_by_one(members) if several else _split(members, shard_flops):
            tag = "_".join([*labels, *extra, *(["pruned"] if pruned else [])])
            shards[tag] = part
    return shards


def _one_by_one(runs: list[Run]) -> Iterable[tuple[list[str], list[Run]]]:
    varying = [axis for axis in runs[0].config if len({run.config[axis] for run in runs}) > 1]
    for run in runs:
        yield [f"{axis}={run.config[axis]}" for axis in varying], [run]


def _split(runs: list[Run], limit: float) -> Iterable[tuple[list[str], list[Run]]]:
    """Yield the labels and runs of the parts that a shard is split into, none where it is within the limit."""
    if _flops(runs) <= limit:
        yield [], runs
        return
    # Streams have no samples.
    for samples, part in _grouped(runs, lambda run: run.config.get("samples")).items():
        labels = [] if samples is None else [f"samples={samples}"]
        if _flops(part) <= limit:
            yield labels, part
            continue
        for seeds, block in _seed_blocks(part, limit).items():
            yield [*labels, f"seed={seeds}"], block


def _seed_blocks(runs: list[Run], limit: float) -> Mapping[str, list[Run]]:
    """Group runs by blocks of seeds, 0-63, 64-127, …: as large a power of two of them as the limit allows.

    More seeds add blocks, or fill the last one, and leave all others as they are.
    """
    dearest = max(_flops(part) for part in _grouped(runs, lambda run: run.config["seed"]).values())
    size = 1 << max(0, math.floor(math.log2(limit / dearest)))
    blocks = _grouped(runs, lambda run: run.config["seed"] // size)
    return {
        f"{block * size}-{block * size + size - 1}" if size > 1 else f"{block}": part
        for block, part in blocks.items()
    }


def _flops(runs: Iterable[Run]) -> float:
    return sum(run_cost(run.config).flops for run in runs)


def _grouped(runs: Iterable[Run], key: Callable[[Run], Any]) -> Mapping[Any, list[Run]]:
    groups: dict[Hashable, list[Run]] = defaultdict(list)
    for run in runs:
        groups[key(run)].append(run)
    return groups
