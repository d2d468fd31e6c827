"""A frontier of planted losses in cells of equal compute."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.test_compute_frontier import cells

from lawbook.analyses.compute_frontier.block import ComputeFrontierBlock
from lawbook.analyses.compute_frontier.compute import frontier_tables


def drawn(folder: Path) -> Figures:
    block = ComputeFrontierBlock(sweep="cells", at="last", methods=["akima"])
    return of_tables("compute_frontier", block, frontier_tables(block, cells(), draws=20), folder)
