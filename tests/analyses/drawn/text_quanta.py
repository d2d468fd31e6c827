"""Planted clusters of the tokens of a text."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures
from tests.report.test_quanta_report import written

from lawbook.results.reader import Results


def drawn(folder: Path) -> Figures:
    study = written(folder)
    return [(block, Results(folder), study.content) for block in study.content.figures]
