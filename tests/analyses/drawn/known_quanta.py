"""Scores of clusters of networks with known quanta."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from tests.analyses.drawn import Figures, of_tables

from lawbook.analyses.known_quanta.block import KnownQuantaBlock
from lawbook.analyses.known_quanta.section import BEST


def drawn(folder: Path) -> Figures:
    scores = pd.DataFrame(
        [("ari", f"{affinity}, {BEST}", seed, k, 10, 0.5) for affinity in ("abs_cos", "cos") for seed in (0, 1)
         for k in (5, 10, 20)],
        columns=["what", "part", "seed", "k", "n", "estimate"],
    )  # fmt: skip
    tasks = np.repeat([0, 1, 2, 3], [40, 20, 10, 5])
    examples = pd.concat([pd.DataFrame({"seed": s, "task": tasks, "cluster": tasks // 2}) for s in (0, 1)])
    block = KnownQuantaBlock(sweep="networks", affinity="abs_cos")
    tables = {"scores": scores, "examples": examples}
    return of_tables("known_quanta", block, tables, folder, ("quanta_agreement",))
