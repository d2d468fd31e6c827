"""Probes: the models that score a pool before it is pruned, and the identity of the pools they score."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from lawbook.axes import Config
from lawbook.studies.runs import Run, digest, reads_scores, run_id
from lawbook.studies.schema import PruningAxes, TrainingAxes
from lawbook.studies.study import Study
from lawbook.tasks import tasks


@dataclass(frozen=True)
class Pool:
    """A pool that some run prunes by score: its identity, its probes, and the metrics wanted."""

    pool_id: str
    probes: tuple[Run, ...]
    metrics: tuple[str, ...]


def pool_id(config: Config) -> str:
    """Return the identity of a run's pool and of how it is scored: the task's axes, the seed and the probes."""
    fields = (*tasks[config["task"]].axes.model_fields, "task", "seed", "probes", "probe_steps")
    return digest({name: config[name] for name in fields})


def pools_to_score(study: Study, runs: Iterable[Run]) -> list[Pool]:
    """Return the pools that the pruned runs of a study read, each once.

    A probe is the study's base model under the base training for `probe_steps` steps on the unpruned pool;
    probe i draws its initial weights and order from (seed, probe i). Neither the keep fraction nor any other
    axis of the pruned runs enters, so that adding a keep fraction starts no probe.
    """
    found: dict[str, tuple[tuple[Run, ...], set[str]]] = {}
    for run in runs:
        if reads_scores(run.config):
            identity = pool_id(run.config)
            if identity not in found:
                found[identity] = (tuple(_probes(study, run.config)), set())
            found[identity][1].add(run.config["metric"])
    return [Pool(identity, probes, tuple(sorted(wanted))) for identity, (probes, wanted) in found.items()]


def _probes(study: Study, config: Config) -> Iterable[Run]:
    of_pool = {name: config[name] for name in (*study.task.axes.model_fields, "seed")}
    unpruned = PruningAxes.defaults()
    training = {name: study.base[name] for name in TrainingAxes.model_fields}
    training |= {"steps": config["probe_steps"], "evaluations": 1}
    for i in range(config["probes"]):
        probe: dict[str, Any] = {**study.base, **of_pool, **unpruned, **training, "probe": i}
        yield Run(run_id(probe), probe)
