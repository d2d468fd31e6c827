"""Write kaplan_chinchilla.csv: losses on two published surfaces, L = E + A/N^α + B/D^β, which a fit finds again.

    python config/studies/kaplan_chinchilla.py

N counts all parameters, at sizes and tokens like those of Chinchilla's runs; losses have three places, as one reads
them off a figure. No run was trained.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.theory.counting_rules import Surface

SURFACES = {
    "epoch": Surface(E=1.8172, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658),  # arXiv:2404.10102
    "hoffmann": Surface(E=1.6934, A=406.4, B=410.7, alpha=0.3392, beta=0.2849),  # arXiv:2203.15556
}
SIZES = np.geomspace(4.4e7, 1.6e10, 6)
TOKENS = np.geomspace(2e8, 3e11, 6)


def table() -> pd.DataFrame:
    """Return a row per surface, size and number of tokens."""
    rows = [
        (name, int(float(f"{size:.3g}")), int(float(f"{tokens:.3g}")), surface)
        for name, surface in SURFACES.items()
        for size in SIZES
        for tokens in TOKENS
    ]
    cells = [
        (name, size, tokens, f"{surface.loss(size, tokens):.3f}") for name, size, tokens, surface in rows
    ]
    return pd.DataFrame(cells, columns=["surface", "N", "D", "loss"])


if __name__ == "__main__":
    table().to_csv(Path(__file__).with_suffix(".csv"), index=False)
