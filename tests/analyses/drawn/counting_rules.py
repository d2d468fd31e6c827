"""Exponents of the published surfaces, under each rule by which parameters are counted."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures
from tests.analyses.test_counting_rules import CONTENT, replayed, written

from lawbook.studies.figure_block import FigureBlock


def drawn(folder: Path) -> Figures:
    results = written(replayed(CONTENT.analyses.of("counting_rules")["replay"]), folder)
    return [(FigureBlock(kind="counting_rules", of="replay"), results, CONTENT)]
