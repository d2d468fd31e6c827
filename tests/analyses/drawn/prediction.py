"""A prediction from runs under a known law of two inputs."""

from __future__ import annotations

from pathlib import Path

from tests.analyses import planted
from tests.analyses.drawn import Figures


def drawn(folder: Path) -> Figures:
    content, results = planted.written(folder)
    return [(block, results, content) for block in content.figures if block.kind == "prediction"]
