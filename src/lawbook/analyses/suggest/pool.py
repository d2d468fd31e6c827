"""The runs that could be made: a sweep expanded, each with what it would cost, and some of it as a sweep again."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lawbook.axes import Config
from lawbook.errors import StudyError
from lawbook.laws.law import Flags
from lawbook.results.selection import where
from lawbook.studies.cost import run_cost
from lawbook.studies.identity import examples_seen, n_kept
from lawbook.studies.runs import expand_study
from lawbook.studies.study import Study
from lawbook.studies.sweeps import Grid, Union
from lawbook.studies.values import expand_axis
from lawbook.tasks import PoolTask, tasks

if TYPE_CHECKING:
    from lawbook.analyses.suggest.block import SuggestBlock

LARGEST = 4000
"""Runs in a pool: what is expected of each pair of them is held in memory."""


@dataclass(frozen=True)
class Pool:
    """The runs that could be made, a row each with its columns; what a sweep says of each, and by which of the grids.

    Of runs that are trained there is `run_id`, and what is known of one before: sizes, FLOPs, seconds.
    """

    table: pd.DataFrame
    said: tuple[dict[str, Any], ...]
    grids: tuple[Grid, ...]
    of_grid: tuple[int, ...]

    def without(self, made: Collection[str]) -> Pool:
        """Return the pool without runs that are made already, by their `run_id`."""
        if "run_id" not in self.table:
            return self
        return self.only(~self.table["run_id"].isin(made).to_numpy())

    def only(self, kept: Flags) -> Pool:
        """Return some of the pool, a boolean a run."""
        rows = np.flatnonzero(kept).tolist()
        said, of_grid = tuple(self.said[row] for row in rows), tuple(self.of_grid[row] for row in rows)
        return replace(self, table=self.table.iloc[rows].reset_index(drop=True), said=said, of_grid=of_grid)

    def grids_of(self, chosen: Sequence[int]) -> Iterator[dict[str, Any]]:
        """Yield, as a study writes it, a grid side by side for the chosen runs of each grid."""
        for i, grid in enumerate(self.grids):
            rows = [self.said[row] for row in chosen if self.of_grid[row] == i]
            if rows:
                fixed = {"set": dict(grid.set)} if grid.set else {}
                axes = {axis: [row[axis] for row in rows] for axis in grid.axes}
                yield {"combine": "zip", **fixed, "axes": axes}


def pool_of(block: SuggestBlock, study: Study, field: str = "pool") -> Pool:
    """Return the pool of a block. Raises StudyError, naming the field, for one that no sweep of the study could be."""
    grids, rows, said, of_grid = _grids(block.pool), [], [], []
    fixed = _fixed(study.content.sweeps.get(block.sweep or ""))
    for i, grid in enumerate(grids):
        place = field if isinstance(block.pool, Grid) else f"{field}.union.{i}"
        if study.content.table is None:
            besides = {name: value for name, value in fixed.items() if name not in grid.axes}
            grids[i] = grid.model_copy(update={"set": {**besides, **grid.set}})
        found = (_trained if study.content.table is None else _listed)(study, place, grids[i])
        rows += found
        said += [{axis: row[axis] for axis in grid.axes} for row in found]
        of_grid += [i] * len(found)
    if len(rows) > LARGEST:
        problem = f"the pool has {len(rows):,} runs"
        raise study.error(field, None, problem, f"keep it below {LARGEST:,}: a coarser grid says as much")
    pool = Pool(pd.DataFrame(rows), tuple(said), tuple(grids), tuple(of_grid))
    if "run_id" in pool.table:
        pool = pool.only(~pool.table["run_id"].duplicated().to_numpy())
    met = where(pool.table, {axis: value for axis, value in block.where.items() if axis in pool.table})
    if met.empty:
        fix = "set them there, too"
        raise study.error(field, dict(block.where), "no run of the pool has these values", fix)
    return pool.only(pool.table.index.isin(met.index))


def _grids(sweep: Grid | Union | None) -> list[Grid]:
    return [] if sweep is None else sweep.grids


def _fixed(sweep: Grid | Union | None) -> dict[str, Any]:
    """Return what all grids of a sweep fix at the same value."""
    settings = [grid.set for grid in _grids(sweep)]
    first = settings[0] if settings else {}
    return {name: value for name, value in first.items() if all(each.get(name) == value for each in settings)}


def _trained(study: Study, place: str, grid: Grid) -> list[dict[str, Any]]:
    """Return the runs of a grid as the study would plan them."""
    asking = replace(study, content=study.content.model_copy(update={"sweeps": {"pool": grid}}))
    try:
        runs = expand_study(asking)
    except StudyError as error:
        inside = error.field.removeprefix("sweeps.pool")
        raise StudyError(error.file, f"{place}{inside}", error.value, error.problem, error.fix) from None
    return [{"run_id": run.run_id, **run.config, **_known(run.config)} for run in runs]


def _known(config: Config) -> dict[str, Any]:
    """Return what is known of a run before it is made, under the names of the table of runs."""
    cost = run_cost(config)
    known: dict[str, Any] = {
        "n_params": cost.n_params, "n_params_non_embedding": cost.n_params_non_embedding, "flops": cost.flops,
        "predicted_s": cost.seconds,
    }  # fmt: skip
    if isinstance(tasks[config["task"]], PoolTask):
        known["n_train"] = n_kept(config)
    if isinstance(config.get("steps"), int) and isinstance(config.get("batch_size"), int):
        known["samples_seen"] = examples_seen(config, config["steps"])
    return known


def _listed(study: Study, place: str, grid: Grid) -> list[dict[str, Any]]:
    """Return the runs of a grid over columns of a table, which are what the author says they are."""
    axes: dict[str, list[Any]] = {}
    for name, spec in grid.axes.items():
        try:
            axes[name] = expand_axis(spec)
        except (ValueError, TypeError) as error:
            raise study.error(f"{place}.{name}", spec, str(error), "see config/README.md on axes") from None
    lengths = {name: len(values) for name, values in axes.items()}
    if grid.combine == "zip" and len({*lengths.values()}) > 1:
        problem = f"the axes differ in length: {lengths}"
        raise study.error(f"{place}.combine", "zip", problem, "make them equal")
    rows = zip(*axes.values(), strict=True) if grid.combine == "zip" else itertools.product(*axes.values())
    return [{**grid.set, **dict(zip(axes, row, strict=True))} for row in itertools.islice(rows, LARGEST + 1)]


def extended(sweep: Grid | Union | None, grids: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return a sweep, as a study writes it, with these grids beside its own; of no sweep these alone."""
    union = [*(grid.model_dump(exclude_unset=True) for grid in _grids(sweep)), *grids]
    return union[0] if len(union) == 1 else {"union": union}
