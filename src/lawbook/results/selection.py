"""The one selection of rows: of a sweep, with some values, of a law, of a group of it; and the names of groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.laws.law import Law
from lawbook.results.derived import is_censored
from lawbook.results.evaluations import At, choose
from lawbook.results.words import text_of
from lawbook.storage.status import RunStatus
from lawbook.studies.roles import REPEATS
from lawbook.studies.schema import StudyFile

OF_SELECTION = (
    "metric", "keep", "drop_hardest", "probes", "probe_steps", "trajectory_steps", "probe_data", "probe_angle_deg",
)  # fmt: skip
"""Axes that say how a pool is pruned: without effect on an unpruned run."""

INPUTS = ("x", "x2", "x3")
"""Columns of the tables 'points' and 'predictions' that hold a law's inputs, in its order."""


class LawBlock(Protocol):
    """What a study says about one law; the typed model of the studies has these attributes."""

    @property
    def sweep(self) -> str | None: ...
    @property
    def y(self) -> str: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def compare(self) -> Sequence[str]: ...
    @property
    def by(self) -> Sequence[str]: ...
    @property
    def cluster(self) -> Sequence[str]: ...
    @property
    def where(self) -> Mapping[str, Any]: ...
    @property
    def range(self) -> tuple[float, float] | None: ...
    @property
    def choose(self) -> str | None: ...
    @property
    def at(self) -> At: ...
    @property
    def first_step(self) -> int: ...
    @property
    def loss(self) -> str: ...
    @property
    def delta(self) -> float | None: ...
    def form(self, name: str) -> Law: ...


def where(
    runs: pd.DataFrame, wanted: Mapping[str, Any], idle: Mapping[str, pd.Series] | None = None
) -> pd.DataFrame:
    """Return the runs with these values (one, or a list). Raises LawbookError for a column they lack.

    idle: by axis, the runs that it has no effect on (a boolean a run): these have any value of it.
    """
    chosen = np.ones(len(runs), dtype=bool)
    for column, value in wanted.items():
        if column not in runs.columns:
            raise LawbookError(
                f"the runs have no column {column!r}; {suggest(column, map(str, runs.columns))}"
            )
        values = list(value) if isinstance(value, list | tuple | set) else [value]
        has = runs[column].isin(values).to_numpy(dtype=bool)
        chosen &= has if idle is None or column not in idle else has | idle[column].to_numpy(dtype=bool)
    return runs[chosen]


def of_sweep(runs: pd.DataFrame, sweep: str) -> pd.DataFrame:
    """Return the runs that a sweep names among its own."""
    return runs[np.array([sweep in str(names).split(",") for names in runs["sweeps"]], dtype=bool)]


def sweep_runs(runs: pd.DataFrame, content: StudyFile, sweep: str) -> pd.DataFrame:
    """Return the runs of a sweep. Raises LawbookError if the study has no such sweep."""
    if sweep not in content.sweeps:
        raise LawbookError(f"there is no sweep {sweep!r}; {suggest(sweep, content.sweeps)}")
    return of_sweep(runs, sweep)


def varying_axes(runs: pd.DataFrame, content: StudyFile, sweep: str) -> list[str]:
    """Return the axes of a sweep with several values among `runs`, repeats apart, in the sweep's order."""
    named = dict.fromkeys(axis for grid in content.sweeps[sweep].grids for axis in (*grid.axes, *grid.set))
    return [a for a in named if a in runs and a not in REPEATS and len(runs[a].unique()) > 1]


def select(block: LawBlock, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of the block's sweep (all, without one) that satisfy its `where` and `range`.

    A range leaves out none of a plan's runs if it is one of a column that no plan has.
    """
    chosen = where(runs if block.sweep is None else of_sweep(runs, block.sweep), block.where)
    if block.range is None or block.inputs[0] not in chosen:
        return chosen
    return chosen[chosen[block.inputs[0]].between(*block.range)]


def taken(block: LawBlock, runs: pd.DataFrame, bounded: Collection[str] = ()) -> pd.DataFrame:
    """Return the runs that give a law its points: selected, neither lost nor unconverged, with y and x, choices made.

    bounded: derived columns that runs may have by a bound alone, which is a y, too.
    """
    chosen = select(block, runs)
    chosen = chosen[chosen["status"] != RunStatus.UNCONVERGED]
    if block.choose:
        by = list(block.by)
        groups = [rows for _, rows in chosen.groupby(by, dropna=False)] if by else [chosen]
        chosen = pd.concat([choose(rows, block.choose, block.inputs[0], block.y)[0] for rows in groups])
    # A diverged run's last value is not its result; which value is chosen it does have a say in.
    chosen = chosen[chosen["status"] == RunStatus.OK].dropna(subset=list(block.inputs))
    has_y = chosen[block.y].notna()
    return chosen[has_y | is_censored(chosen, block.y) if block.y in bounded else has_y]


def group_runs(block: LawBlock, runs: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the runs behind one group of a law as it was fitted: converged ones, choices made."""
    chosen = select(block, runs)
    for axis, value in parse_group(group).items():
        chosen = chosen[[text_of(v) == value for v in chosen[axis]]]
    chosen = chosen[chosen["status"] != RunStatus.UNCONVERGED]
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
