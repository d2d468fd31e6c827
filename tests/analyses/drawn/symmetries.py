"""The symmetries of descent on a parabola, and the curves that they make one."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.descents import AXES, HYPERPARAMETERS, descents
from tests.analyses.drawn import Figures, of_tables

from lawbook.analyses.symmetries.block import SymmetriesBlock
from lawbook.analyses.symmetries.compute import symmetry_tables


def drawn(folder: Path) -> Figures:
    block = SymmetriesBlock(
        sweep="near", hyperparameters=[*HYPERPARAMETERS], rescaled="rescaled", unscaled="unscaled"
    )
    tables = symmetry_tables(block, *descents(), AXES)
    return of_tables("symmetries", block, tables, folder, ("symmetries", "symmetry_collapse"))
