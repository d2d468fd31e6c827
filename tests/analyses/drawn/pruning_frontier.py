"""Errors of pruned pools along a planted frontier."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures
from tests.report.test_pruning_report import written_frontier

from lawbook.results.reader import Results


def drawn(folder: Path) -> Figures:
    found = written_frontier(folder)
    return [(block, Results(found.folder), found.study.content) for block in found.study.content.figures]
