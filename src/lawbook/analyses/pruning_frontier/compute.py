"""Find a Pareto frontier of pruning and judge it: from the table of runs to points, slopes, forms and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.pruning_frontier.block import FrontierBlock
from lawbook.laws.frontier.beyond_power import judge, other_forms
from lawbook.laws.frontier.pareto import Pareto, pareto
from lawbook.laws.note import notes_to_json
from lawbook.laws.repeats import independent
from lawbook.results.selection import OF_SELECTION, of_sweep, where


def compute(block: FrontierBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of a frontier. Raises LawbookError for runs that make none."""
    found = frontier_of(block, inputs.results.runs)
    verdict = judge(found)
    row = {key: value for key, value in vars(verdict).items() if key != "steeper"}
    row["notes"] = notes_to_json(found.notes)
    return {
        "points": found.table(),
        "slopes": found.slopes(),
        "forms": other_forms(found, verdict),
        "verdict": pd.DataFrame([row]),
    }


def frontier_of(block: FrontierBlock, runs: pd.DataFrame) -> Pareto:
    """Return the frontier of one block. Raises LawbookError for runs that make none."""
    return pareto(
        part_of(block, runs, block.where), part_of(block, runs, block.control),
        y=block.y, kept=block.kept, pool=block.pool,
        cluster=block.cluster or independent(of_sweep(runs, block.sweep)),
    )  # fmt: skip


def part_of(block: FrontierBlock, runs: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.DataFrame:
    """Return the runs of a block's sweep with these values; unpruned ones have those of any metric."""
    members = of_sweep(runs, block.sweep)
    return where(members, wanted, idle=dict.fromkeys(OF_SELECTION, members["keep_fraction"] == 1))
