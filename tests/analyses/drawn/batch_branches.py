"""Branches of planted losses, of two widths."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.planted_branches import branches

from lawbook.analyses.batch_branches.block import BatchBranchesBlock
from lawbook.analyses.batch_branches.compute import branch_tables


def drawn(folder: Path) -> Figures:
    block = BatchBranchesBlock(sweep="all", by=["width"])
    tables = branch_tables(block, branches({8: {64: 12.0, 512: 40.0}, 16: {64: 20.0, 512: 1e9}}), draws=50)
    return of_tables("batch_branches", block, tables, folder)
