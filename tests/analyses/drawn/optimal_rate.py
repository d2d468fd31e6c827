"""Best learning rates of exact losses of the task sgd_oracle."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.optimal_rate.block import OptimalRateBlock
from lawbook.analyses.optimal_rate.compute import rate_tables


def drawn(folder: Path) -> Figures:
    configs = [
        {"modes": 16, "steps": steps, "batch_size": 4, "noise_variance": 0.5, "learning_rate": 0.05 * 1.6**k}
        for steps in (50, 200)
        for k in range(7)
    ]
    block = OptimalRateBlock(sweep="all", exact="sgd_oracle")
    runs, _ = oracle_runs(configs, seeds=2, evaluations=2)
    return of_tables("optimal_rate", block, rate_tables(block, runs, draws=20), folder)
