"""A collapse of exact curves of the task sgd_oracle."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.collapse.block import CollapseBlock
from lawbook.analyses.collapse.compute import collapse_tables


def drawn(folder: Path) -> Figures:
    configs = [
        {"modes": n, "steps": t, "batch_size": 4, "learning_rate": 0.3}
        for n in (8, 16, 32)
        for t in (60, 150, 400)
    ]
    block = CollapseBlock(sweep="all", size="modes", floor=0, anchor=60)
    tables = collapse_tables(block, *oracle_runs(configs, seeds=2, noise=0.01), draws=20)
    kinds = ("collapse", "collapse_deviation", "collapse_spread")
    return of_tables("collapse", block, tables, folder, kinds)
