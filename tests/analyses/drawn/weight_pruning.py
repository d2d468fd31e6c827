"""Pruned networks of two widths whose error and regimes are planted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tests.analyses.drawn import Figures, of_tables

from lawbook.analyses.weight_pruning.block import WeightPruningBlock
from lawbook.analyses.weight_pruning.compute import fits_of, regimes_of

RATES, DENSITIES, SIZES = (0.01, 0.1), (1.0, 0.2, 0.05, 0.02), {"width=8": 600, "width=32": 2400}
BLOCK = WeightPruningBlock(
    sweep="all", by=["width"], densities=list(DENSITIES), scores=["magnitude", "random"]
)


def planted() -> pd.DataFrame:
    """Return the table 'pruned': errors remaining^-0.5, lower by a tenth where hot at 5 % and less, else higher."""
    rng, rows = np.random.default_rng(0), []
    for case, size in SIZES.items():
        for rate in RATES:
            for repeat in range(6):
                for density in DENSITIES:
                    error = (density * size) ** -0.5 * np.exp(0.02 * rng.standard_normal())
                    error *= 1.0 if rate < 0.1 else 0.9 if density <= 0.05 else 1.1
                    hard = density < 0.05
                    for score, times in (("magnitude", 1.5), ("random", 3.0)):
                        first = score == "magnitude"
                        rows.append({
                            "case": case, "run_id": f"{case}-{rate}-{repeat}", "repeat": repeat, "temperature": rate,
                            "score": score, "density": density, "remaining": round(density * size), "n_eval": 300,
                            "error": times * error, "retrained_error": error if first else np.nan,
                            "barrier": (0.3 if hard else 0.01) if first else np.nan,
                            "similarity": (0.8 if hard or rate > 0.05 else 0.97) if first else np.nan,
                        })  # fmt: skip
    return pd.DataFrame(rows)


def drawn(folder: Path) -> Figures:
    table = planted()
    tables = {"pruned": table, "regimes": regimes_of(BLOCK, table), "fits": fits_of(BLOCK, table)}
    return of_tables("weight_pruning", BLOCK, tables, folder, ("weight_pruning", "remaining_weights"))
