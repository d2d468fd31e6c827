"""A ladder of exponents, the runs of one rung missing."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures
from tests.analyses.test_exponent_ladder import written

from lawbook.studies.figure_block import FigureBlock


def drawn(folder: Path) -> Figures:
    return [(FigureBlock(kind="exponent_ladder", of="two"), *written(folder))]
