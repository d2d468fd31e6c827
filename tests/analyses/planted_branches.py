"""Runs that branch off with larger batches, whose loss rises by a known law of their batch size."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lawbook.seeds import generator

SIZE, WINDOW = 4, 1024


def branches(
    critical: Mapping[int, Mapping[int, float]], seeds: int = 4, noise: float = 1e-4, tolerance: float = 0.01
) -> pd.DataFrame:
    """Return runs of each width and step, with the batch size at which they rise by the tolerance.

    In the log of the batch size the rise is a straight line from no growth on.
    """
    rng = generator(0, "planted branches")
    rows = []
    for width, steps in critical.items():
        for step, batch in steps.items():
            for growth in (1, 2, 4, 8, 16, 32):
                for seed in range(seeds):
                    rise = tolerance * np.log(growth) / np.log(batch / SIZE)
                    rows.append(
                        {
                            "width": width, "batch_size": SIZE, "batch_growth": growth, "seed": seed, "sweeps": "all",
                            "growth_step": step if growth > 1 else 0, "steps": step + WINDOW // (SIZE * growth),
                            "test_loss": 2.0 + rise + noise * rng.standard_normal(),
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)
