"""Planted runs of students: losses N^-4/d after many steps, of which the largest size has not learned all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.analyses.manifold_dimension.block import ManifoldDimensionBlock

BLOCK = ManifoldDimensionBlock(
    sweep="students", by=["dimension"], known="dimension", estimates=["input_dimension_mle", "dimension_mle"]
)
SIZES = (30, 60, 120, 240, 480)


def planted(late: float = 0.2, seeds: int = 4, sizes: tuple[int, ...] = SIZES) -> pd.DataFrame:
    """Return runs in 2 and 8 dimensions for 1,000 and 2,000 steps; the largest size lies above by `late`, half late."""
    rows = []
    for dimension in (2, 8):
        for n in sizes:
            for steps in (1000, 2000):
                for seed in range(seeds):
                    behind = late * (3 if steps == 1000 else 1) if n == max(sizes) else 0.02 * (steps == 1000)
                    loss = n ** (-4 / dimension) * (1 + behind) * np.exp(0.02 * (seed - (seeds - 1) / 2))
                    rows.append(
                        {
                            "run_id": f"{dimension}-{n}-{steps}-{seed}", "sweeps": "students", "status": "ok",
                            "seed": seed, "dimension": dimension, "n_params": n, "steps": steps, "test_loss": loss,
                            "input_dimension_mle": 0.9 * dimension + 0.01 * seed, "dimension_mle": 0.8 * dimension,
                        }
                    )  # fmt: skip
    return pd.DataFrame(rows)
