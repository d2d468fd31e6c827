"""A run and its identity: which of its fields have an effect, and the hash of those."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from lawbook.axes import Config
from lawbook.models import SolvedModel, TrainedModel, models
from lawbook.pruning.metrics import metrics
from lawbook.storage.checksum import digest
from lawbook.studies.axes import HOW_TRAINED, PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import PoolTask, tasks
from lawbook.training.optimizers import optimizers
from lawbook.training.parametrizations import parametrizations

SET_STEPS = ("epochs", "compute")
"""Fields that set the steps."""

STANDING_FOR_OTHERS = ("kept", *SET_STEPS, "warmup_samples")
"""Fields that set others: the keep fraction, the steps, and those of the warm-up."""

HYPERPARAMETERS = frozenset({"momentum", "beta1", "beta2", "epsilon"})
"""Fields that only some optimizers read."""

NOT_IDENTITY = frozenset({*HOW_TRAINED, *STANDING_FOR_OTHERS})
"""Fields that change on what a run is trained, not what it is; and those that others stand for."""


@dataclass(frozen=True)
class Run:
    """One model to train: its identity, its resolved configuration, and the sweeps that ask for it."""

    run_id: str
    config: Config
    sweeps: tuple[str, ...] = ()


def run_id(config: Config) -> str:
    """Return the identity of a configuration: 16 hexadecimal digits of the hash of its effective fields."""
    return digest(effective(config))


def effective(config: Config) -> dict[str, Any]:
    """Return the fields that have an effect: neutral values and fields that others switch off are left out.

    >>> base = {"task": "digits", "model": "mlp", "keep_fraction": 1.0, "metric": "el2n", "label_noise": 0.0}
    >>> effective(base | {"optimizer": "adamw", "momentum": 0.9})
    {'task': 'digits', 'model': 'mlp', 'optimizer': 'adamw'}
    """
    idle = NOT_IDENTITY | without_effect(config)
    neutral = _neutral(config["task"], config["model"])
    return {
        name: value
        for name, value in config.items()
        if name not in idle and not (name in neutral and value == neutral[name])
    }


def without_effect(config: Config) -> frozenset[str]:
    """Return the axes whose values change nothing, given those of the others."""
    return _without_effect(
        config["task"], config["model"], config.get("optimizer", ""), config.get("parametrization", "standard"),
        config["metric"] if config.get("keep_fraction", 1.0) < 1.0 else None,
        config.get("batch_growth") not in (None, 1),
    )  # fmt: skip


@cache
def _without_effect(
    task_name: str, model: str, optimizer: str, parametrization: str, pruned_by: str | None, grows: bool
) -> frozenset[str]:
    """Return these axes by the few that decide on them; pruned_by: the metric, None where a pool is kept whole."""
    idle: set[str] = set()
    task = tasks[task_name]
    if isinstance(models[model], SolvedModel):
        idle |= {*TrainingAxes.model_fields, "probes", "probe_steps", "trajectory_steps"}
    else:
        idle |= HYPERPARAMETERS - optimizers[optimizer].hyperparameters
        if not parametrizations[parametrization].reads_base_width:
            idle |= {"base_width"}
        if not grows:
            idle |= {"growth_step", "growth_rate"}
        if not isinstance(task, PoolTask):
            idle |= {"order"}
    metric = None if pruned_by is None else metrics[pruned_by]
    if metric is None:
        idle |= {*PruningAxes.model_fields} - {"keep_fraction"}
    elif metric.score is None:
        idle |= {*PruningAxes.model_fields} - {"keep_fraction", "metric"}
    else:
        if not metric.needs_probes:
            idle |= {"probes", "probe_data"}
        if "early" not in metric.needs:
            idle |= {"probe_steps"}
        if "trajectory" not in metric.needs:
            idle |= {"trajectory_steps"}
    if isinstance(task, PoolTask) and (
        metric is None or metric.score is None or "margins" not in metric.needs
    ):
        idle |= {*task.margin_axes}
    return frozenset(idle)


def reads_scores(config: Config) -> bool:
    """Tell whether a run waits for the scores of its pool."""
    return bool(config.get("keep_fraction", 1.0) < 1.0 and metrics[config["metric"]].score is not None)


def n_kept(config: Config) -> int:
    """Return the number of examples that a run on a pool keeps, round(keep_fraction · samples)."""
    kept: int = round(config["keep_fraction"] * config["samples"])
    return kept


def examples_seen(config: Config, steps: int) -> int:
    """Return the examples in the first steps of a run: B · steps, more where its batches grow, all kept if solved.

    >>> examples_seen({"batch_size": 8, "batch_growth": 4, "growth_step": 100}, 101)
    832
    """
    if config["batch_size"] is None:  # solved at once
        return n_kept(config) * steps
    grown = max(0, steps - config["growth_step"])
    return int(config["batch_size"] * (steps + (config["batch_growth"] - 1) * grown))


def step_flops(config: Config) -> float:
    """Return the FLOPs of the first training step, 3 · forward · B: forward once, backward twice."""
    task, model = tasks[config["task"]], models[config["model"]]
    assert isinstance(model, TrainedModel)
    forward: int = model.forward_flops(config, task.n_inputs(config), task.n_outputs(config))
    return 3.0 * forward * int(config["batch_size"])


@cache
def _neutral(task: str, model: str) -> Mapping[str, Any]:
    groups = (tasks[task].axes, models[model].axes, TrainingAxes, PruningAxes, SeedAxes)
    return {name: value for axes in groups for name, value in axes.neutral().items()}
