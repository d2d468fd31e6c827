"""Planted movement of three layers in two parametrizations."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.test_coordinate_check import BLOCK, planted

from lawbook.analyses.coordinate_check.compute import check_tables


def drawn(folder: Path) -> Figures:
    return of_tables("coordinate_check", BLOCK, check_tables(BLOCK, *planted(), draws=20), folder)
