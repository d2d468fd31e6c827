"""Planted tables: a joint law of N and D, and curves, with a noise of choice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.laws.law import Array

JOINT = {"E": 1.8, "A": 300.0, "alpha": 0.35, "B": 900.0, "beta": 0.33}


def joint_loss(N: Array, D: Array, floor: float = JOINT["E"]) -> Array:
    return np.asarray(floor + JOINT["A"] * N ** -JOINT["alpha"] + JOINT["B"] * D ** -JOINT["beta"])


def joint_table(noise: float = 0.002, repeats: int = 1, seed: int = 0, sizes: int = 5) -> pd.DataFrame:
    """Return a grid of N and D with the loss of a Chinchilla law, `repeats` rows at each place."""
    rng = np.random.default_rng(seed)
    grid = [(N, D) for N in np.geomspace(1e7, 1e9, sizes) for D in np.geomspace(1e9, 3e10, 4)]
    table = pd.DataFrame(grid * repeats, columns=["N", "D"])
    loss = joint_loss(table["N"].to_numpy(), table["D"].to_numpy())
    return table.assign(loss=loss * np.exp(noise * rng.standard_normal(len(table))))


def curve(n: int = 12, noise: float = 0.01, repeats: int = 1, seed: int = 0) -> pd.DataFrame:
    """Return y = 3 x^-0.5 at n places over two decades and a half, `repeats` rows at each."""
    rng = np.random.default_rng(seed)
    x = np.tile(np.geomspace(100, 3e4, n), repeats)
    return pd.DataFrame({"x": x, "y": 3 * x**-0.5 * np.exp(noise * rng.standard_normal(len(x)))})
