"""Runs that learn their training and their test examples at planted steps."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures
from tests.analyses.test_grokking import written


def drawn(folder: Path) -> Figures:
    study, results = written(folder)
    return [(block, results, study.content) for block in study.content.figures]
