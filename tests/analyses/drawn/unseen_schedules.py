"""Curves of the task sgd_oracle under schedules, exact but for a factor by seed."""

from __future__ import annotations

from pathlib import Path

from tests.analyses.drawn import Figures, of_tables
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.unseen_schedules.block import UnseenSchedulesBlock
from lawbook.analyses.unseen_schedules.compute import schedule_tables


def drawn(folder: Path) -> Figures:
    configs = [
        {
            "modes": 16,
            "steps": 300,
            "batch_size": 4,
            "learning_rate": 0.3,
            "noise_variance": 0.5,
            "schedule": schedule,
        }
        for schedule in ("constant", "cosine", "wsd")
    ]
    block = UnseenSchedulesBlock(
        sweep="all", fitted=["constant", "cosine"], first_step=20, exact="sgd_oracle"
    )
    tables = schedule_tables(block, *oracle_runs(configs, seeds=2, noise=0.01, evaluations=16))
    return of_tables("unseen_schedules", block, tables, folder)
