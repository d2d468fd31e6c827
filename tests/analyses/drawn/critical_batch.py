"""A critical batch size of exact curves of the task sgd_oracle."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.critical_batch.block import CriticalBatchBlock
from lawbook.analyses.critical_batch.compute import critical_batch_tables


def drawn(folder: Path) -> Figures:
    configs = [
        {"modes": 16, "steps": 200, "batch_size": size, "learning_rate": rate}
        for size, best in ((1, 0.25), (4, 0.7), (16, 1.25))
        for rate in (best / 2, best / 1.4, best, best * 1.2, best * 1.4)
    ]
    block = CriticalBatchBlock(sweep="all", level=0.5, exact="sgd_oracle")
    tables = critical_batch_tables(block, *oracle_runs(configs, seeds=2, noise=0.01), draws=20)
    return of_tables("critical_batch", block, tables, folder)
