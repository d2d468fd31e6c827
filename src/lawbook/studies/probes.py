"""Probes: the models that score a pool before it is pruned, and the identity of the pools they score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lawbook.axes import Config
from lawbook.models import SolvedModel, models
from lawbook.pruning.metrics import PROBED, Need, metrics
from lawbook.storage.checksum import digest
from lawbook.studies.axes import PruningAxes, TrainingAxes
from lawbook.studies.identity import Run, reads_scores, run_id
from lawbook.studies.runs import with_whole_batch
from lawbook.studies.study import Study
from lawbook.tasks import PoolTask, tasks

DISPUTED = "disputed"
"""The metric that says of which labels held-out probes think otherwise."""

LEAST_JUDGES = 3
"""Held-out probes that judge an example, at least: one alone disputes whatever it has not learned."""


@dataclass(frozen=True)
class Pool:
    """A pool that some run prunes by score: its identity, a configuration, the metrics wanted, and their probes.

    config: that of an unpruned run on the pool.
    """

    pool_id: str
    config: Config
    metrics: tuple[str, ...]
    probes: Mapping[Need, tuple[Run, ...]]

    @property
    def every_probe(self) -> tuple[Run, ...]:
        """Return the probes of all metrics, each once."""
        return tuple(probe for probes in self.probes.values() for probe in probes)

    def probes_of(self, metric: str) -> tuple[Run, ...]:
        """Return the probes that a metric asks."""
        needs = metrics[metric].needs
        return tuple(probe for need, probes in self.probes.items() if need in needs for probe in probes)


def pool_id(config: Config) -> str:
    """Return the identity of a run's pool and of how it is scored: the task's axes, the seed and the probes."""
    of_probes = ("probes", "probe_steps", "trajectory_steps", "probe_data")
    fields = (*tasks[config["task"]].axes.model_fields, "task", "seed", *of_probes)
    return digest({name: config[name] for name in fields})


def pools_to_score(study: Study, runs: Iterable[Run]) -> list[Pool]:
    """Return the pools that the pruned runs of a study read, each once.

    A probe is the study's base model under the base training on the unpruned pool, for `probe_steps` steps if
    it is an early one, for `trajectory_steps` if it is followed to the end; probe i draws its initial weights
    and order from (seed, probe i). Neither the keep fraction nor any other axis of the pruned runs enters, so
    that adding a keep fraction starts no probe. Where hard examples are kept by a metric that reads the labels,
    of a task whose labels may be wrong, it is also asked which labels held-out probes dispute.
    """
    wanted: dict[str, tuple[Config, set[str]]] = {}
    for run in runs:
        if reads_scores(run.config):
            of_pool = wanted.setdefault(pool_id(run.config), (run.config, set()))[1]
            of_pool.add(run.config["metric"])
            task = tasks[run.config["task"]]
            labels_count = metrics[run.config["metric"]].uses_labels and run.config["keep"] == "hard"
            if labels_count and isinstance(task, PoolTask) and not task.drawn:
                of_pool.add(DISPUTED)
    return [_pool(study, name, config, sorted(names)) for name, (config, names) in wanted.items()]


def _pool(study: Study, name: str, config: Config, wanted: list[str]) -> Pool:
    of_scoring = ("task", "seed", "probes", "probe_steps", "trajectory_steps", "probe_data")
    fields = (*tasks[config["task"]].axes.model_fields, *of_scoring)
    base = {axis: value for axis, value in study.base.items() if axis not in study.task.axes.model_fields}
    unpruned = {**base, **PruningAxes.defaults(), **{field: config[field] for field in fields}}
    unpruned |= {field: study.base[field] for field in TrainingAxes.model_fields}
    unpruned |= {"devices": 1}  # probes are many and short: they train in stacks, on one device
    unpruned = dict(with_whole_batch(unpruned))
    needed = {need for metric in wanted for need in metrics[metric].needs}
    probes: dict[Need, tuple[Run, ...]] = {
        need: tuple(_probes(unpruned, need)) for need in PROBED if need in needed
    }
    return Pool(name, unpruned, tuple(wanted), probes)


def _probes(config: Config, need: Need) -> Iterable[Run]:
    """Yield the probes of one kind. A held-out one learns one half of the pool and is asked about the other.

    A solved model has one solution, whatever its seed: one probe is all there is.
    """
    solved = isinstance(models[config["model"]], SolvedModel)
    probes = 1 if solved else config["probes"]
    steps = config["trajectory_steps"] if need == "trajectory" else config["probe_steps"]
    of_training: dict[str, Any] = (
        {"steps": steps, "evaluations": 1, "first_evaluation": 1, "evaluated_splits": "all"}
        if config["optimizer"]
        else {}
    )
    if need == "heldout":
        learned = [f"half {half}" for half in (0, 1)]
        copies = 1 if solved else max(LEAST_JUDGES, -(-probes // 2))
    else:
        learned, copies = [config["probe_data"]], probes
    for part in learned:
        for i in range(copies):
            probe = {**config, **of_training, "probe": i, "learns": part}
            yield Run(run_id(probe), probe)
