"""The statistics of a short text of repeated blocks, beside the exact ones."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tests.analyses.drawn import Figures, of_tables

from lawbook.analyses.text_statistics.block import TextStatisticsBlock
from lawbook.analyses.text_statistics.compute import statistic_tables
from lawbook.tasks.repeated_blocks import task


def drawn(folder: Path) -> Figures:
    config = {"task": "repeated_blocks", "keep_fraction": 1.0, **task.axes.defaults(), "letters": 1 << 16}
    runs = pd.DataFrame([{"run_id": "one", "sweeps": "all", "status": "ok", **config}])
    block = TextStatisticsBlock(
        sweep="all", lags=(4, 16), contexts=(1, 4), tokens=1 << 16, exact="repeated_blocks"
    )
    return of_tables("text_statistics", block, statistic_tables(block, runs, {"one": config}, None), folder)
