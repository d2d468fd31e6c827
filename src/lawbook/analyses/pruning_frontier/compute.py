"""Find the Pareto frontiers that a study asks for, and judge them: from its table of runs to three tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.frontier.beyond_power import judge, other_forms
from lawbook.laws.frontier.pareto import Pareto, pareto
from lawbook.laws.note import notes_to_json
from lawbook.laws.repeats import independent
from lawbook.results.selection import of_sweep, where
from lawbook.storage.tables import conform, empty

TABLES = ("frontiers", "frontier_slopes", "frontier_forms", "verdicts")
OF_SELECTION = (
    "metric", "keep", "drop_hardest", "probes", "probe_steps", "trajectory_steps", "probe_data", "probe_angle_deg",
)  # fmt: skip
"""Axes that say how a pool is pruned: without effect on an unpruned run."""


class FrontierBlock(Protocol):
    """What a study says about one frontier; the typed model of the studies has these attributes."""

    @property
    def sweep(self) -> str: ...
    @property
    def y(self) -> str: ...
    @property
    def kept(self) -> str: ...
    @property
    def pool(self) -> str: ...
    @property
    def where(self) -> Mapping[str, Any]: ...
    @property
    def control(self) -> Mapping[str, Any]: ...
    @property
    def cluster(self) -> Sequence[str]: ...


def fit_frontiers(blocks: Mapping[str, FrontierBlock], runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables 'frontiers', 'frontier_slopes', 'frontier_forms' and 'verdicts'.

    Raises LawbookError, naming the frontier, for runs that make none.
    """
    parts: dict[str, list[pd.DataFrame]] = {kind: [] for kind in TABLES}
    for name, block in blocks.items():
        found = frontier_of(name, block, runs)
        verdict = judge(found)
        row = {key: value for key, value in vars(verdict).items() if key != "steeper"}
        row["notes"] = notes_to_json(found.notes)
        parts["frontiers"].append(found.table().assign(frontier=name))
        parts["frontier_slopes"].append(found.slopes().assign(frontier=name))
        parts["frontier_forms"].append(other_forms(found, verdict).assign(frontier=name))
        parts["verdicts"].append(pd.DataFrame([row]).assign(frontier=name))
    return {
        kind: conform(pd.concat(rows, ignore_index=True), kind) if rows else empty(kind)
        for kind, rows in parts.items()
    }


def frontier_of(name: str, block: FrontierBlock, runs: pd.DataFrame) -> Pareto:
    """Return the frontier of one block. Raises LawbookError, naming it, for runs that make none."""
    try:
        return pareto(
            part_of(block, runs, block.where), part_of(block, runs, block.control),
            y=block.y, kept=block.kept, pool=block.pool, cluster=block.cluster or independent(members_of(block, runs)),
        )  # fmt: skip
    except LawbookError as error:
        raise LawbookError(f"frontier {name!r}: {error}") from None


def members_of(block: FrontierBlock, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the runs of a block's sweep."""
    return of_sweep(runs, block.sweep)


def part_of(block: FrontierBlock, runs: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.DataFrame:
    """Return the runs of a block's sweep with these values; unpruned ones have those of any metric."""
    members = members_of(block, runs)
    return where(members, wanted, idle=dict.fromkeys(OF_SELECTION, members["keep_fraction"] == 1))
