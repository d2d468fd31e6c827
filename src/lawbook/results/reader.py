"""The results folder of one study, read lazily, and the selections of runs that figures and page share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.fitting.study import select, text_of
from lawbook.results.evaluations import choose, runs_at
from lawbook.storage.tables import read_table
from lawbook.studies.schema import HOW_TRAINED, Grid, LawBlock, StudyFile

REPEATS = ("fold", "seed")
"""Axes whose combinations are repeats of one another, not something that is studied."""

_SPLITS = ("train_", "validation_", "test_")
_NOT_AXES = frozenset(
    {"run_id", "sweeps", "shard", "n_params", "n_params_non_embedding", "n_train", "n_unique", "flops",
     "flops_rule", "scoring_flops", "bytes", "predicted_s", "loss_se", "n_eval", "status", "reason", "diverged_step",
     *HOW_TRAINED}
)  # fmt: skip


@dataclass(frozen=True)
class Results:
    """The tables of `results/{study}`; each is read when first asked for (LawbookError if absent)."""

    folder: Path

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name."""
        return read_table(self.folder / f"{name}.parquet")

    def has(self, name: str) -> bool:
        """Tell whether there is a table of that name."""
        return (self.folder / f"{name}.parquet").exists()

    @cached_property
    def runs(self) -> pd.DataFrame:
        """Return a row per run."""
        return self.table("runs")

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Return the metrics of each run at log-spaced steps."""
        return self.table("curves")

    def points_of(self, block: LawBlock) -> pd.DataFrame:
        """Return the rows that a law is fitted to: runs, at the evaluations that it asks for."""
        if block.at not in self._runs_at:
            curves = None if block.at == "last" else self.curves
            self._runs_at[block.at] = runs_at(self.runs, curves, block.at)
        return self._runs_at[block.at]

    @cached_property
    def _runs_at(self) -> dict[str, pd.DataFrame]:
        return {}

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Return what each run cost."""
        return self.table("costs")

    @cached_property
    def source(self) -> pd.DataFrame:
        """Return where the runs of a study that trains none were taken from."""
        return self.table("source")

    @cached_property
    def fits(self) -> pd.DataFrame:
        """Return a row per law, form, group and parameter."""
        return self.table("fits")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """Return the fitted curves with their bands."""
        return self.table("predictions")

    @cached_property
    def points(self) -> pd.DataFrame:
        """Return the points that the laws were fitted to."""
        return self.table("points")

    @cached_property
    def slopes(self) -> pd.DataFrame:
        """Return the local slopes."""
        return self.table("slopes")

    @cached_property
    def sensitivity(self) -> pd.DataFrame:
        """Return the exponents under each defensible choice."""
        return self.table("sensitivity")

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Return the score of each example of each pool."""
        return self.table("scores")

    @cached_property
    def scorings(self) -> pd.DataFrame:
        """Return how each pool was scored."""
        return self.table("scorings")

    @cached_property
    def frontiers(self) -> pd.DataFrame:
        """Return the Pareto frontiers of pruning with their controls."""
        return self.table("frontiers")

    @cached_property
    def frontier_slopes(self) -> pd.DataFrame:
        """Return the local exponents of the frontiers."""
        return self.table("frontier_slopes")

    @cached_property
    def frontier_forms(self) -> pd.DataFrame:
        """Return how other forms fit the frontiers."""
        return self.table("frontier_forms")

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """Return whether each frontier beats a power law."""
        return self.table("verdicts")

    @cached_property
    def claims(self) -> pd.DataFrame:
        """Return the judged claims."""
        return self.table("claims")


def axes_of(runs: pd.DataFrame) -> list[str]:
    """Return the columns of a table of runs that are axes of their configuration."""
    return [c for c in runs.columns if c not in _NOT_AXES and not c.startswith(_SPLITS)]


def where(runs: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.DataFrame:
    """Return the runs with these values (one, or a list). Raises LawbookError for a column they lack."""
    chosen = np.ones(len(runs), dtype=bool)
    for column, value in wanted.items():
        if column not in runs.columns:
            raise LawbookError(f"the runs have no column {column!r}; {suggest(column, axes_of(runs))}")
        values = list(value) if isinstance(value, list | tuple) else [value]
        chosen &= runs[column].isin(values).to_numpy(dtype=bool)
    return runs[chosen]


def sweep_runs(runs: pd.DataFrame, content: StudyFile, sweep: str) -> pd.DataFrame:
    """Return the runs of a sweep. Raises LawbookError if the study has no such sweep."""
    if sweep not in content.sweeps:
        raise LawbookError(f"there is no sweep {sweep!r}; {suggest(sweep, content.sweeps)}")
    return runs[[sweep in str(names).split(",") for names in runs["sweeps"]]]


def varying_axes(runs: pd.DataFrame, content: StudyFile, sweep: str) -> list[str]:
    """Return the axes of a sweep with several values among `runs`, repeats apart, in the sweep's order."""
    block = content.sweeps[sweep]
    grids = [block] if isinstance(block, Grid) else block.grids
    named = dict.fromkeys(axis for grid in grids for axis in (*grid.axes, *grid.set))
    return [a for a in named if a in runs and a not in REPEATS and len(runs[a].unique()) > 1]


def group_runs(block: LawBlock, runs: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the runs behind one group of a law as it was fitted: converged ones, choices made."""
    chosen = select(block, runs)
    for axis, value in parse_group(group).items():
        chosen = chosen[[text_of(v) == value for v in chosen[axis]]]
    chosen = chosen[chosen["status"] != "unconverged"]
    return choose(chosen, block.choose, block.inputs[0], block.y)[0] if block.choose else chosen


def parse_group(group: str) -> dict[str, str]:
    """Return the axes and values of a group's name.

    >>> parse_group("width=64,metric=el2n"), parse_group("")
    ({'width': '64', 'metric': 'el2n'}, {})
    """
    return dict(part.split("=", 1) for part in group.split(",")) if group else {}


def in_group(group: str, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a group of a law has these values.

    >>> in_group("width=64,metric=el2n", {"width": 64}), in_group("width=64", {"width": 32})
    (True, False)
    """
    named = parse_group(group)
    return all(named.get(axis) == text_of(value) for axis, value in wanted.items())
