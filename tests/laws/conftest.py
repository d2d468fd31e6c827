"""Simulated tables of runs under known laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import laws

PARAMETERS = {
    "power": (3.0, 0.4),
    "power_floor": (0.3, 3.0, 0.5),
    "exponential": (2.0, 1e-3),
    "exponential_floor": (0.2, 2.0, 3e-3),
}


@pytest.fixture
def simulate() -> Callable[..., pd.DataFrame]:
    """Return a function that draws a table with columns x, seed, y of a form, or of no law ('null').

    Each seed has its own level and its own tilt along x, besides independent noise: runs of one seed are
    correlated.
    """

    def draw(
        form: str, seeds: int, *, rng: np.random.Generator, points: int = 8, noise: float = 0.03
    ) -> pd.DataFrame:
        x = np.geomspace(32, 4096, points)
        log_mean = np.zeros(points)
        if form != "null":
            log_mean = laws[form].log_predict(x[:, None], np.array(PARAMETERS[form]))
        level, tilt = noise * rng.standard_normal((2, seeds, 1))
        log_y = log_mean + level + tilt * np.linspace(-1, 1, points)
        log_y = log_y + noise * rng.standard_normal((seeds, points))
        return pd.DataFrame(
            {"x": np.tile(x, seeds), "seed": np.repeat(np.arange(seeds), points), "y": np.exp(log_y).ravel()}
        )

    return draw


@pytest.fixture
def truth() -> dict[str, tuple[float, ...]]:
    """Return the parameters that `simulate` uses, per form."""
    return PARAMETERS
