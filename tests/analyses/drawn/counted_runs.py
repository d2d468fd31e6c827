"""Exponents of a planted surface, sizes and compute counted by each pair of rules."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.test_counted_runs import BLOCK, planted

from lawbook.analyses.counted_runs.compute import pair_tables


def drawn(folder: Path) -> Figures:
    return of_tables("counted_runs", BLOCK, pair_tables(BLOCK, planted(), draws=20), folder)
