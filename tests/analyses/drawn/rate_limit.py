"""Limits of small rates of exact losses of the task sgd_oracle, and of planted ones that no theory knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.analyses.drawn import Figures, of_tables
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.rate_limit.block import RateLimitBlock
from lawbook.analyses.rate_limit.compute import limit_tables


def drawn(folder: Path) -> Figures:
    configs = [
        {
            "modes": 8,
            "batch_size": 4,
            "learning_rate": rate,
            "steps": round(time / rate),
            "noise_variance": 0.05,
        }
        for time in (3, 6)
        for rate in (0.3, 0.15, 0.075)
    ]
    runs, _ = oracle_runs(configs, seeds=3, noise=1e-3, evaluations=2)
    runs = runs.assign(parametrization="standard")
    known = RateLimitBlock(sweep="all", exact="sgd_oracle", flow="gradient_flow")
    unknown = RateLimitBlock(sweep="all", y="train_loss")
    noisy = runs.assign(train_loss=runs["test_loss"] * np.exp(0.01 * runs["learning_rate"] * runs["seed"]))
    return [
        *of_tables("rate_limit", known, limit_tables(known, runs), folder / "known"),
        *of_tables("rate_limit", unknown, limit_tables(unknown, noisy), folder / "unknown"),
    ]
