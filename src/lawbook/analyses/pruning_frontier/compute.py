"""Find a Pareto frontier of pruning and judge it: from the table of runs to points, slopes, forms and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.pruning_frontier.block import FrontierBlock
from lawbook.laws.frontier.beyond_power import judge, other_forms
from lawbook.laws.frontier.pareto import Pareto, pareto
from lawbook.results.selection import OF_SELECTION, of_sweep


def compute(block: FrontierBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables of a frontier. Raises LawbookError for runs that make none."""
    found = frontier_of(block, inputs.results.runs)
    verdict = judge(found)
    row = {key: value for key, value in vars(verdict).items() if key != "steeper"}
    row["warnings"] = "\n".join(map(str, found.notices)) or None
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
        y=block.y, kept=block.kept, pool=block.pool, cluster=block.cluster or cluster_of(of_sweep(runs, block.sweep)),
    )  # fmt: skip


def part_of(block: FrontierBlock, runs: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.DataFrame:
    """Return the runs of a block's sweep with these values; unpruned ones have those of any metric."""
    members = of_sweep(runs, block.sweep)
    chosen = pd.Series(True, index=members.index)
    for axis, value in wanted.items():
        has = members[axis].isin(value if isinstance(value, list) else [value])
        chosen &= has | ((members["keep_fraction"] == 1) & (axis in OF_SELECTION))
    return members[chosen]


def cluster_of(runs: pd.DataFrame) -> list[str]:
    """Return the axes whose combinations are independent pools: the fold if it varies, else the seed."""
    return ["fold"] if "fold" in runs and len(runs["fold"].unique()) > 1 else ["seed"]
