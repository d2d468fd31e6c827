"""Breaks of planted curves, with a known cause and without."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.test_breakdown import BLOCK, planted

from lawbook.analyses.breakdown.compute import breakdown_tables


def drawn(folder: Path) -> Figures:
    unknown = BLOCK.model_copy(update={"planted": None})
    kinds = ("breakdown", "breakdown_curves")
    return [
        *of_tables("breakdown", BLOCK, breakdown_tables(BLOCK, planted()), folder / "known", kinds),
        *of_tables("breakdown", unknown, breakdown_tables(unknown, planted()), folder / "unknown", kinds),
    ]
