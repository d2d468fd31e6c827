"""Four metrics of planted runs, and their seeds, which are two groups at the smallest size."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.planted_answers import ASKED, planted

from lawbook.analyses.downstream_metrics.block import DownstreamMetricsBlock
from lawbook.analyses.downstream_metrics.compute import metric_tables


def drawn(folder: Path) -> Figures:
    block = DownstreamMetricsBlock(sweep="all", columns=["token_brier", "token_accuracy"])
    tables = metric_tables(block, *planted(), ASKED)
    return of_tables("downstream_metrics", block, tables, folder, ("downstream_metrics", "seed_distribution"))
