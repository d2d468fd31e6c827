"""Two metrics at one level of planted curves, of which one width does not reach it."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.test_at_level import BLOCK, planted

from lawbook.analyses.at_level.block import AtLevelBlock
from lawbook.analyses.at_level.compute import level_tables


def drawn(folder: Path) -> Figures:
    block = AtLevelBlock.model_validate({**BLOCK, "read": ["sharpness", "train_loss"], "give": "growth"})
    return of_tables("at_level", block, level_tables(block, *planted()), folder)
