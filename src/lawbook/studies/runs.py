"""Runs: a study's sweeps expanded into resolved configurations, each with its identity."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from lawbook.axes import AxisError, Config
from lawbook.errors import suggest
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.check_run import check_config
from lawbook.studies.identity import (
    NOT_IDENTITY,
    SET_STEPS,
    STANDING_FOR_OTHERS,
    Run,
    n_kept,
    run_id,
    step_flops,
    without_effect,
)
from lawbook.studies.study import LEARNED, Study, explain
from lawbook.studies.sweeps import Grid
from lawbook.studies.values import expand_axis
from lawbook.tasks import PoolTask, tasks

LARGEST_GRID = 1_000_000
"""Runs in one grid: beyond these a slip of the pen is likelier than a study."""


def expand_study(study: Study) -> list[Run]:
    """Return the runs of a study, each once, in the order in which its sweeps name them.

    Raises StudyError for a field or value that a sweep cannot take.
    """
    found: dict[str, Run] = {}
    sizes = [_n_combinations(grid) for block in study.content.sweeps.values() for grid in block.grids]
    if max(sizes) <= LARGEST_GRID < sum(sizes):  # a grid too large by itself is told where it is expanded
        fix = f"keep them below {LARGEST_GRID:,}, or make several studies of it"
        raise study.error("sweeps", None, f"together they ask for {sum(sizes):,} runs", fix)
    for sweep, block in study.content.sweeps.items():
        for i, grid in enumerate(block.grids):
            where = f"sweeps.{sweep}" if isinstance(block, Grid) else f"sweeps.{sweep}.union.{i}"
            for config in _expand_grid(study, where, grid):
                identity = run_id(config)
                known = found.get(identity, Run(identity, config))
                sweeps = known.sweeps if sweep in known.sweeps else (*known.sweeps, sweep)
                found[identity] = Run(identity, _agreed(known.config, config), sweeps)
    return list(found.values())


def _n_combinations(grid: Grid) -> int:
    """Return how many combinations a grid asks for; 0 if an axis is mistaken, which is told where it is expanded."""
    try:
        sizes = [len(expand_axis(spec)) for spec in grid.axes.values()]
    except (ValueError, TypeError):
        return 0
    return max(sizes) if grid.combine == "zip" else math.prod(sizes)


def _agreed(one: Config, other: Config) -> Config:
    """Return the configuration of a run that two grids ask for: what stands for others in either stays given."""
    given = {
        axis: min((c[axis] for c in (one, other) if c[axis] is not None), default=None)
        for axis in STANDING_FOR_OTHERS
    }
    return {**one, **given}


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
        batches = config["epochs"] * n_kept(config) / config["batch_size"]
        config = {**config, "steps": _steps_of(config, batches)}
    if config["compute"] is not None:
        config = {**config, "steps": _steps_of(config, _batches_of(config))}
    if config["warmup_samples"] is not None:
        config = {**config, "warmup_steps": max(1, round(config["warmup_samples"] / config["batch_size"]))}
    return config


def _steps_of(config: Config, batches: float) -> int:
    """Return the nearest whole number of steps to that of so many batches, of the size with which a run begins."""
    start = config["growth_step"]
    if config["batch_growth"] > 1 and batches > start:
        batches = start + (batches - start) / config["batch_growth"]
    return max(1, round(batches))


def _batches_of(config: Config) -> float:
    """Return the batches that take a run's compute. Raises BeyondReachError if one takes more."""
    compute, one = float(config["compute"]), step_flops(config)
    if config["epochs"] is not None:
        problem = f"epochs is {config['epochs']:g}, and both set the steps"
        raise AxisError("compute", compute, problem, "keep one of the two")
    if compute < one:
        problem = f"one step of {config['batch_size']} examples takes {one:.4g} FLOPs"
        raise BeyondReachError(
            "compute", compute, problem, "give more FLOPs, or take a smaller model or batch"
        )
    return compute / one


def with_whole_batch(config: Config) -> Config:
    """Return the configuration with the number of its examples in place of a full batch."""
    if config["batch_size"] != "full":
        return config
    if not isinstance(tasks[config["task"]], PoolTask):
        problem = f"the examples of {config['task']} have no end"
        raise AxisError("batch_size", "full", problem, "write a number")
    return {**config, "batch_size": max(1, n_kept(config)), "order": "fixed"}


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
