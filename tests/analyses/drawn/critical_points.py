"""Critical points of planted tables: of a classifier, some of which are lost, and of a linear network that is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tests.analyses.drawn import Figures, of_tables

from lawbook.analyses.critical_points.block import CriticalPointsBlock
from lawbook.analyses.critical_points.compute import by_seed


def planted(known: bool) -> pd.DataFrame:
    """Return points of three seeds whose loss rises with the index, the last of each seed lost."""
    rng = np.random.default_rng(0)
    negative = np.tile(np.arange(12), 3)
    loss = 1 + 0.1 * negative + (0 if known else 0.02 * rng.random(36))
    return pd.DataFrame(
        {
            "run_id": np.repeat(["a", "b", "c"], 12), "seed": np.repeat([0, 1, 2], 12), "step": 1, "noise": 0.3,
            "found": known | (negative < 11), "iterations": 9, "gradient_norm": 1e-9, "loss": loss, "n_params": 20,
            "error": np.nan if known else loss / 4, "negative": negative, "index": negative / 20,
            "known_loss": loss if known else np.nan, "known_negative": negative if known else np.nan,
        }
    )  # fmt: skip


def drawn(folder: Path) -> Figures:
    block = CriticalPointsBlock(sweep="networks")
    return [
        figure
        for known in (False, True)
        for figure in of_tables(
            "critical_points",
            block,
            {"points": planted(known), "seeds": by_seed(planted(known))},
            folder / str(known),
        )
    ]
