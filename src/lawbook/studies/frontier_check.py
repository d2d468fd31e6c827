"""What a frontier needs of the runs that are planned for it, told before any of them is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from lawbook.axes import Config
from lawbook.laws.frontier.pareto import LEAST_REPEATS
from lawbook.laws.repeats import independent
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.frontier_block import FrontierBlock
from lawbook.studies.roles import REPEATS
from lawbook.studies.runs import Run, n_kept, without_effect
from lawbook.studies.study import Study

FREE = frozenset({"kept", "keep_fraction", "seed", "fold", *HOW_TRAINED})
"""Axes that the runs of a frontier may differ in, besides its pools and its repeats."""


def check_frontier(study: Study, name: str, block: FrontierBlock, runs: Sequence[Run]) -> None:
    """Raise StudyError unless the runs of a sweep make a frontier and its control.

    Both must be of one selection each, over numbers of kept examples that they share, on four repeats at least.
    """
    field = f"frontiers.{name}"
    configs = [run.config for run in runs]
    for key, column in (("kept", block.kept), ("pool", block.pool)):
        if not all(_is_number(_value(config, column)) for config in configs):
            problem = "not every run of the sweep has such a number"
            raise study.error(f"{field}.{key}", column, problem, f"leave {key} out, for its default")
    parts = {
        key: [config for config in configs if _belongs(config, wanted)]
        for key, wanted in (("where", block.where), ("control", block.control))
    }
    for key, part in parts.items():
        _check_one_selection(study, f"{field}.{key}", block, part)
    pruned, control = parts.values()
    if not {_value(c, block.kept) for c in pruned} & {_value(c, block.kept) for c in control}:
        problem = f"frontier and control share no {block.kept}"
        raise study.error(f"{field}.control", dict(block.control), problem, "sweep both over the same ones")
    repeats = pd.DataFrame({axis: [config.get(axis) for config in configs] for axis in REPEATS})
    cluster = block.cluster or independent(repeats)
    shared = _repeats(pruned, cluster) & _repeats(control, cluster)
    if len(shared) < LEAST_REPEATS:
        problem = f"frontier and control share {len(shared)} repeats of {', '.join(cluster)}"
        fix = f"sweep {cluster[-1]} over {LEAST_REPEATS} or more, as in {{count: 8}}"
        raise study.error(f"{field}.sweep", block.sweep, problem, fix)


def _check_one_selection(study: Study, field: str, block: FrontierBlock, part: Sequence[Config]) -> None:
    """Raise StudyError where a part mixes runs that differ in more than the examples they keep."""
    free = FREE | {block.pool, *block.cluster}
    if all(config["epochs"] is not None for config in part):
        free |= {"steps"}
    for axis in study.fields:
        values = dict.fromkeys(c.get(axis) for c in part if axis not in without_effect(c))
        if axis not in free and len(values) > 1:
            problem = f"its runs differ in {axis}: {', '.join(map(str, values))}"
            raise study.error(field, axis, problem, f"write {axis}: {next(iter(values))} there")


def _belongs(config: Config, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a run has the wanted values; an unpruned one has those of any metric."""
    idle = without_effect(config) if config["keep_fraction"] == 1 else ()
    return all(
        config[axis] in (value if isinstance(value, list) else [value]) or axis in idle
        for axis, value in wanted.items()
    )


def _value(config: Config, column: str) -> Any:
    if column in ("n_train", "n_unique"):
        return n_kept(config) if config.get("samples") else None
    return config.get(column)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _repeats(configs: Iterable[Config], cluster: Sequence[str]) -> set[tuple[Any, ...]]:
    return {tuple(config.get(axis) for axis in cluster) for config in configs}
