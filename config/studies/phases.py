"""Write phases.csv: exact mean losses of one-pass SGD on power-law random features, at equal compute.

    python config/studies/phases.py

Each row is a size d, a budget of 6·d·t FLOPs and a seed; its loss is the mean over some draws of the features, more of
them for few features, which differ more. It takes four minutes of one core.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.seeds import generator
from lawbook.theory.sgd_phases import features, mean_loss

LATENT, RATIO = 3000, 4
"""Inputs v: where 2α > 1, many more than features, since nothing is left to express where d comes near to v; where
2α < 1, v/d of them for each feature, since their total variance grows with v."""

RATE, SHARE = 0.15, 0.3
"""The rate η, and where 2α < 1 the share of the reciprocal of the total variance of the inputs that it is."""

SIZES = {
    1.0: (10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448),
    0.7: (20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896),
    0.4: (7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640),
    0.27: (7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448),
    0.2: (7, 10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448),
}
"""Sizes d by α, about those that are best."""

POINTS = {
    1.0: {"Ia": 0.3, "II": 0.7},
    0.7: {"II_III": 0.7, "III": 1.2},
    0.4: {"Ib": 0.4, "IVa": 1.0},
    0.27: {"IVb": 1.0},
    0.2: {"Ic": 1.0},
}
"""{α: {name: β}} of the points in the plane: inside a phase, or on the border of two."""

BUDGETS = {
    1.0: np.geomspace(1e4, 1e6, 10),
    0.7: np.geomspace(10**3.5, 10**5.5, 10),
    0.4: np.geomspace(1e3, 1e5, 10),
    0.27: np.geomspace(1e3, 1e5, 10),
    0.2: np.geomspace(1e3, 1e5, 10),
}
"""Budgets f = d·t by α; the column `budget` counts them from 0."""

DRAWN, FEWEST, MOST = 3200, 2, 60
"""A size d has DRAWN/d draws of features for each seed, within these limits."""


SEEDS = {1.0: range(8), 0.7: range(8), 0.4: range(16), 0.27: range(16), 0.2: range(8)}
"""Seeds by α: the loss is flat about its minimum where 2α < 1."""


def table(
    seeds: Mapping[float, Sequence[int]] = SEEDS, sizes: Mapping[float, Sequence[int]] = SIZES
) -> pd.DataFrame:
    """Return a row per point, budget, seed and size."""
    rows = []
    for alpha, points in POINTS.items():
        for seed in seeds[alpha]:
            for d in sizes[alpha]:
                steps = np.array([float(f"{f / d:.8g}") for f in BUDGETS[alpha]])
                draws = int(np.clip(DRAWN // d, FEWEST, MOST))
                losses = np.zeros((len(points), len(steps)))
                latent, rate = _scale(alpha, d)
                for draw in range(draws):
                    rng = generator(seed, "features", d, draw)
                    weights = rng.standard_normal((d, latent)) / np.sqrt(d)
                    losses += mean_loss(features(weights, alpha, list(points.values())), rate, steps)
                for name, of_budgets in zip(points, losses / draws, strict=True):
                    for place, (f, t, loss) in enumerate(zip(BUDGETS[alpha], steps, of_budgets, strict=True)):
                        rows.append((name, place, seed, d, f"{6 * f:.8g}", f"{t:.8g}", f"{loss:.5g}"))
    return pd.DataFrame(rows, columns=["point", "budget", "seed", "d", "compute", "t", "loss"])


def _scale(alpha: float, d: int) -> tuple[int, float]:
    """Return the inputs v and the rate η for d features."""
    if 2 * alpha > 1:
        return LATENT, RATE
    latent = RATIO * d
    return latent, SHARE / float(np.sum(np.arange(1, latent + 1) ** (-2 * alpha)))


if __name__ == "__main__":
    path = Path(__file__).with_suffix(".csv")
    table().to_csv(path, index=False)
    print(hashlib.sha256(path.read_bytes()).hexdigest())
