"""Runs: a study's sweeps expanded into resolved configurations, each with its identity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ValidationError

from lawbook.axes import AxisError, Config
from lawbook.errors import suggest
from lawbook.models import SolvedModel, TrainedModel, models
from lawbook.pruning.metrics import metrics
from lawbook.storage.checksum import digest
from lawbook.studies.axes import HOW_TRAINED, PruningAxes, SeedAxes, TrainingAxes
from lawbook.studies.study import LEARNED, Study, explain
from lawbook.studies.sweeps import Grid, Union
from lawbook.studies.values import expand_axis
from lawbook.tasks import PoolTask, Task, tasks
from lawbook.training.losses import loss_name, losses
from lawbook.training.optimizers import optimizers
from lawbook.training.parametrizations import parametrizations, tensor_scales

SET_STEPS = ("epochs", "compute")
"""Fields that set the steps."""

STANDING_FOR_OTHERS = ("kept", *SET_STEPS, "warmup_samples")
"""Fields that set others: the keep fraction, the steps, and those of the warm-up."""

HYPERPARAMETERS = frozenset({"momentum", "beta1", "beta2", "epsilon"})
"""Fields that only some optimizers read."""

NOT_IDENTITY = frozenset({*HOW_TRAINED, *STANDING_FOR_OTHERS})
"""Fields that change on what a run is trained, not what it is; and those that others stand for."""

LARGEST_GRID = 1_000_000
"""Runs in one grid: beyond these a slip of the pen is likelier than a study."""


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
    idle: set[str] = set()
    task = tasks[config["task"]]
    solved = isinstance(models[config["model"]], SolvedModel)
    if solved:
        idle |= {*TrainingAxes.model_fields, "probes", "probe_steps", "trajectory_steps"}
    else:
        idle |= HYPERPARAMETERS - optimizers[config["optimizer"]].hyperparameters
        if not parametrizations[config.get("parametrization", "standard")].reads_base_width:
            idle |= {"base_width"}
        if not isinstance(task, PoolTask):
            idle |= {"order"}
    if config.get("keep_fraction", 1.0) == 1.0:
        idle |= {*PruningAxes.model_fields} - {"keep_fraction"}
    elif not reads_scores(config):
        idle |= {*PruningAxes.model_fields} - {"keep_fraction", "metric"}
    else:
        metric = metrics[config["metric"]]
        if not metric.needs_probes:
            idle |= {"probes", "probe_data"}
        if "early" not in metric.needs:
            idle |= {"probe_steps"}
        if "trajectory" not in metric.needs:
            idle |= {"trajectory_steps"}
    if isinstance(task, PoolTask) and not (
        reads_scores(config) and "margins" in metrics[config["metric"]].needs
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


def step_flops(config: Config) -> float:
    """Return the FLOPs of one training step, 3 · forward · B: forward once, backward twice."""
    task, model = tasks[config["task"]], models[config["model"]]
    assert isinstance(model, TrainedModel)
    forward: int = model.forward_flops(config, task.n_inputs(config), task.n_outputs(config))
    return 3.0 * forward * int(config["batch_size"])


@cache
def _neutral(task: str, model: str) -> Mapping[str, Any]:
    groups = (tasks[task].axes, models[model].axes, TrainingAxes, PruningAxes, SeedAxes)
    return {name: value for axes in groups for name, value in axes.neutral().items()}


def expand_study(study: Study) -> list[Run]:
    """Return the runs of a study, each once, in the order in which its sweeps name them.

    Raises StudyError for a field or value that a sweep cannot take.
    """
    found: dict[str, Run] = {}
    grids_of = {name: _grids(block) for name, block in study.content.sweeps.items()}
    sizes = [_n_combinations(grid) for grids in grids_of.values() for grid in grids]
    if max(sizes) <= LARGEST_GRID < sum(sizes):  # a grid too large by itself is told where it is expanded
        fix = f"keep them below {LARGEST_GRID:,}, or make several studies of it"
        raise study.error("sweeps", None, f"together they ask for {sum(sizes):,} runs", fix)
    for sweep, block in study.content.sweeps.items():
        for i, grid in enumerate(grids_of[sweep]):
            where = f"sweeps.{sweep}" if isinstance(block, Grid) else f"sweeps.{sweep}.union.{i}"
            for config in _expand_grid(study, where, grid):
                identity = run_id(config)
                known = found.get(identity, Run(identity, config))
                sweeps = known.sweeps if sweep in known.sweeps else (*known.sweeps, sweep)
                found[identity] = Run(identity, _agreed(known.config, config), sweeps)
    return list(found.values())


def _grids(block: Grid | Union) -> list[Grid]:
    return [block] if isinstance(block, Grid) else block.grids


def _n_combinations(grid: Grid) -> int:
    """Return how many combinations a grid asks for; 0 if an axis is mistaken, which is told where it is expanded."""
    try:
        sizes = [len(expand_axis(spec)) for spec in grid.axes.values()]
    except (ValueError, TypeError):
        return 0
    return max(sizes) if grid.combine == "zip" else math.prod(sizes)


def _agreed(one: Config, other: Config) -> Config:
    """Return the configuration of a run that two grids ask for: what stands for others in either stays said."""
    said = {
        axis: min((c[axis] for c in (one, other) if c[axis] is not None), default=None)
        for axis in STANDING_FOR_OTHERS
    }
    return {**one, **said}


def _expand_grid(study: Study, where: str, grid: Grid) -> Iterator[Config]:
    study = study.of_grid(where, grid)
    fixed = {
        name: checked_value(study, f"{where}.set.{name}", name, value)
        for name, value in grid.set.items()
        if name not in LEARNED
    }
    axes: dict[str, list[Any]] = {}
    for name, spec in grid.axes.items():
        field = f"{where}.axes.{name}"
        _known_axis(study, field, name, spec)
        if name in fixed:
            raise study.error(field, spec, f"{name} is also under set", "keep one of the two")
        try:
            values = expand_axis(spec)
        except (ValueError, TypeError) as error:
            raise study.error(field, spec, str(error), "see config/README.md on axes") from None
        if name in HOW_TRAINED:
            problem, fix = "this says on what runs are trained, not what they are", "set it under training"
            raise study.error(field, spec, problem, fix)
        checked = [checked_value(study, field, name, value) for value in values]
        axes[name] = checked if grid.combine == "zip" else list(dict.fromkeys(checked))
    if grid.combine == "zip" and len({len(values) for values in axes.values()}) > 1:
        lengths = {name: len(values) for name, values in axes.items()}
        raise study.error(
            f"{where}.combine", "zip", f"the axes differ in length: {lengths}", "make them equal"
        )
    side_by_side = grid.combine == "zip"
    sizes = {name: len(values) for name, values in axes.items()}
    if not side_by_side and math.prod(sizes.values()) > LARGEST_GRID:
        problem = f"these make {math.prod(sizes.values()):,} runs"
        raise study.error(f"{where}.axes", sizes, problem, f"keep it below {LARGEST_GRID:,}")
    combinations = zip(*axes.values(), strict=True) if side_by_side else itertools.product(*axes.values())
    left_out: list[AxisError] = []
    for combination in combinations:
        config: Config = {**study.base, **fixed, **dict(zip(axes, combination, strict=True))}
        for axis in SET_STEPS:
            if config[axis] is not None and "steps" in (axes | fixed):
                problem = f"{axis} is {config[axis]:g}, which sets them"
                raise study.error(f"{where}: steps", config["steps"], problem, "keep one of the two")
        try:
            config = resolved(config)
            check_config(config)
        except AxisError as error:
            if isinstance(error, BeyondReachError) and not side_by_side:
                left_out.append(error)
                continue  # a grid over both is a triangle
            raise study.error(f"{where}: {error.axis}", error.value, error.problem, error.fix) from None
        # Where an axis has no effect, no grid's value of it is more right than another's.
        idle = without_effect(config) - NOT_IDENTITY
        yield {name: study.base[name] if name in idle else value for name, value in config.items()}
    if len(left_out) == math.prod(sizes.values()):
        last = left_out[-1]
        problem = f"no run of this grid is left: at its last values {last.problem}"
        raise study.error(f"{where}: {last.axis}", last.value, problem, last.fix)


class BeyondReachError(AxisError):
    """A run asks for more than its pool or its model can give: a grid leaves it out."""


def resolved(config: Config) -> Config:
    """Return the configuration with what some fields stand for.

    `kept` is a keep fraction, a full batch the number of examples that are kept, in fixed order, `epochs` and `compute`
    are steps, and `warmup_samples` steps of the warm-up. Raises AxisError if a field and what it stands for are both
    given, or if the task has no pool; BeyondReachError for more kept examples than the pool has, or less compute than
    one step takes.
    """
    for axis in ("kept", "epochs"):
        if config[axis] is not None and not isinstance(tasks[config["task"]], PoolTask):
            raise AxisError(axis, config[axis], f"the task {config['task']} has no pool", "leave it out")
    if config["kept"] is not None:
        if config["keep_fraction"] != 1:
            raise AxisError("kept", config["kept"], "keep_fraction is given, too", "keep one of the two")
        if config["kept"] > config["samples"]:
            problem = f"the pool has only {config['samples']} examples"
            raise BeyondReachError("kept", config["kept"], problem, "keep fewer, or write more samples")
        config = {**config, "keep_fraction": config["kept"] / config["samples"]}
    config = with_whole_batch(config)
    if config["epochs"] is not None:
        passes = config["epochs"] * n_kept(config) / config["batch_size"]
        config = {**config, "steps": max(1, round(passes))}
    if config["compute"] is not None:
        config = {**config, "steps": _steps_of(config)}
    if config["warmup_samples"] is not None:
        config = {**config, "warmup_steps": max(1, round(config["warmup_samples"] / config["batch_size"]))}
    return config


def _steps_of(config: Config) -> int:
    """Return the steps that take the nearest to a run's compute. Raises BeyondReachError if one takes more."""
    compute, one = float(config["compute"]), step_flops(config)
    if config["epochs"] is not None:
        problem = f"epochs is {config['epochs']:g}, and both set the steps"
        raise AxisError("compute", compute, problem, "keep one of the two")
    if compute < one:
        problem = f"one step of {config['batch_size']} examples takes {one:.4g} FLOPs"
        raise BeyondReachError(
            "compute", compute, problem, "give more FLOPs, or take a smaller model or batch"
        )
    return round(compute / one)


def with_whole_batch(config: Config) -> Config:
    """Return the configuration with the number of its examples in place of a full batch."""
    if config["batch_size"] != "full":
        return config
    if not isinstance(tasks[config["task"]], PoolTask):
        problem = f"the examples of {config['task']} have no end"
        raise AxisError("batch_size", "full", problem, "write a number")
    return {**config, "batch_size": max(1, n_kept(config)), "order": "fixed"}


def check_config(config: Config) -> None:
    """Raise AxisError if the axes of one run are impossible together."""
    task, model = tasks[config["task"]], models[config["model"]]
    solved = isinstance(model, SolvedModel)
    if config["metric"] not in metrics:
        problem, fix = "there is no such pruning metric", suggest(config["metric"], metrics)
        raise AxisError("metric", config["metric"], problem, fix)
    if task.inputs not in model.reads:
        problem = f"it reads no {task.inputs}, the kind of inputs of the task {config['task']}"
        raise AxisError("model", config["model"], problem, _fitting_models(task))
    if solved and not isinstance(task, PoolTask):
        problem = "a solved model needs a pool of examples"
        raise AxisError("model", config["model"], problem, "choose a model that is trained step by step")
    if isinstance(model, SolvedModel) and model.targets != task.targets:
        problem = f"it takes {model.targets} targets, and those of {config['task']} are {task.targets}"
        raise AxisError("model", config["model"], problem, _fitting_models(task))
    task.check(config)
    model.shapes(config, task.n_inputs(config), task.n_outputs(config))
    if isinstance(task, PoolTask) and task.drawn and not solved:
        problem = f"the examples of {config['task']} are drawn anew for each seed, which no stack can share"
        raise AxisError("model", config["model"], problem, _fitting_models(task))
    if config["keep_fraction"] < 1 and not isinstance(task, PoolTask):
        problem = f"the task {config['task']} has no pool to prune"
        raise AxisError("keep_fraction", config["keep_fraction"], problem, "leave it at 1")
    if config["keep_fraction"] < 1 and task.targets != "classes":
        problem = f"the targets of {config['task']} are no classes, of which each would keep its share"
        raise AxisError(
            "keep_fraction", config["keep_fraction"], problem, "leave it at 1; write fewer samples"
        )
    if config["keep_fraction"] < 1 and isinstance(task, PoolTask):
        if solved and "trajectory" in metrics[config["metric"]].needs:
            problem = f"it follows a training, and the model {config['model']} is solved at once"
            raise AxisError("metric", config["metric"], problem, "choose el2n, grand or margin")
        if reads_scores(config):
            _check_scores(config, task)
        if config["keep_fraction"] + config["drop_hardest"] > 1 + 1e-9 and reads_scores(config):
            problem = f"with the keep fraction {config['keep_fraction']:g} some of these must be kept"
            raise AxisError("drop_hardest", config["drop_hardest"], problem, "drop or keep fewer")
    if config["converged_within"] is not None and config["steps"] < 2:
        raise AxisError(
            "converged_within", config["converged_within"], "one step has no half", "take more steps"
        )
    if isinstance(task, PoolTask) and n_kept(config) < 1:
        raise AxisError("keep_fraction", config["keep_fraction"], "no example would be kept", "keep more")
    if not solved:
        _check_training(config, task)
    if config["precision"] == "bf16-mixed" and config["dtype"] != "float32":
        problem = f"it keeps weights in float32, and dtype is {config['dtype']}"
        raise AxisError("precision", config["precision"], problem, "keep one of the two")
    if config["devices"] > 1 and config["batch_size"] % config["devices"]:
        problem = f"the batch_size {config['batch_size']} does not divide among them"
        raise AxisError("devices", config["devices"], problem, "make batch_size a multiple of devices")


def _fitting_models(task: Task) -> str:
    """Return which models learn a task, as a fix."""
    drawn = isinstance(task, PoolTask) and task.drawn
    fitting = [
        name
        for name, model in models.items()
        if task.inputs in model.reads
        and (
            model.targets == task.targets and isinstance(task, PoolTask)
            if isinstance(model, SolvedModel)
            else not drawn
        )
    ]
    return f"choose {' or '.join(fitting)}" if fitting else "choose another task"


def _check_training(config: Config, task: Task) -> None:
    """Raise AxisError if a trained run's loss, optimizer, parametrization and warm-up do not go together."""
    if task.targets not in losses[name := loss_name(config)].targets:
        problem = f"it takes no {task.targets} targets, which those of the task {config['task']} are"
        others = [other for other, loss in losses.items() if task.targets in loss.targets]
        raise AxisError("loss", name, problem, f"choose {' or '.join(others)}")
    for axis in sorted(HYPERPARAMETERS - optimizers[config["optimizer"]].hyperparameters):
        if config[axis] != _NEUTRAL_TRAINING[axis]:
            reading = [other for other, one in optimizers.items() if axis in one.hyperparameters]
            problem = f"{config['optimizer']} has none"
            raise AxisError(axis, config[axis], problem, f"write optimizer: {' or '.join(reading)}")
    if config["parametrization"] != "standard":
        tensor_scales(config)
    said = [axis for axis in ("warmup", "warmup_samples", "warmup_steps") if config[axis]]
    if len(said) > 1 and said != ["warmup_samples", "warmup_steps"]:  # the first of these sets the second
        raise AxisError(said[1], config[said[1]], f"{said[0]} is given, too", "keep one of the two")


_NEUTRAL_TRAINING = TrainingAxes.neutral()


def _check_scores(config: Config, task: PoolTask) -> None:
    """Raise AxisError if the pool of a run cannot be scored by its metric."""
    if "margins" in metrics[config["metric"]].needs and not task.knows_margins:
        problem = f"the task {config['task']} knows no true margins"
        raise AxisError("metric", config["metric"], problem, "choose another, such as el2n")
    if config["samples"] < 2:
        raise AxisError("samples", config["samples"], "one example has nothing to be ranked by", "take more")
    if metrics[config["metric"]].needs_probes and config["probe_data"] == "heldout":
        available = task.n_pool(config)
        if available is not None and 2 * config["samples"] > available:
            problem = (
                f"only {available - config['samples']} examples lie outside a pool of {config['samples']}"
            )
            raise AxisError("probe_data", "heldout", problem, "write fewer samples, or probe_data: same")


def _known_axis(study: Study, field: str, name: str, value: object) -> None:
    if name in LEARNED and ".axes." in field:
        problem = "what learns, or is learned, has axes of its own and cannot be one"
        raise study.error(field, value, problem, f"make a union of grids with set: {{{name}: {{name: …}}}}")
    if name not in study.fields:
        raise study.error(field, value, "there is no such axis", suggest(name, study.fields))


def checked_value(study: Study, field: str, name: str, value: Any) -> Any:
    """Return a value of an axis in its own type."""
    _known_axis(study, field, name, value)
    try:
        return study.fields[name].validate_python(value)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        problem, fix = explain(error["type"], error["msg"], error.get("ctx", {}))
        raise study.error(field, value, problem, fix) from None
