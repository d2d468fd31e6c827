"""What `lawbook fit` takes as a command: CPU seconds and memory of fresh processes, a figure for each turn."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from processes import Process, timed

from lawbook.seeds import generator

ONE_CORE = {"OPENBLAS_NUM_THREADS": "1"}
POINTS = 50_000
RANGE = (1e2, 1e8)
"""Distinct x of the large table, and the range that they are spread over."""


def fit_with_files(turns: int) -> list[Process]:
    """Return what `lawbook fit --out` takes for 240 points in N and D: fit, draws, predictions and figure."""
    n, d = (each.ravel() for each in np.meshgrid(np.geomspace(5e7, 1.6e10, 15), np.geomspace(8e8, 3e11, 16)))
    noise = 0.005 * generator(0, "fit_speed").standard_normal(len(n))
    loss = (1.8 + 480 / n**0.347 + 2143 / d**0.367) * np.exp(noise)
    return _fitted("N,D,loss", [n, d, loss], turns, "--x", "N,D", "--law", "chinchilla", "--out", "fit")


def fit_of_many_x(turns: int, seeds: int = 1) -> list[Process]:
    """Return what `lawbook fit` of a power law with a floor takes for 50,000 distinct x, each with a run of each seed.

    One seed leaves each run a cluster of its own, which is the dearest: so many are then resampled and left out.
    """
    x, seed = np.tile(np.geomspace(*RANGE, POINTS), seeds), np.repeat(np.arange(seeds), POINTS)
    noise = 0.02 * generator(0, "fit_speed").standard_normal(len(x))
    loss = (0.3 + 60 / np.sqrt(x)) * np.exp(noise)
    columns, header = ([x, loss], "samples,loss") if seeds == 1 else ([x, seed, loss], "samples,seed,loss")
    return _fitted(header, columns, turns, "--x", "samples", "--law", "power_floor")


def _fitted(header: str, columns: list[np.ndarray], turns: int, *options: str) -> list[Process]:
    """Return what each of some fits of loss in a table takes. Raises RuntimeError if one fails."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "runs.csv"
        np.savetxt(table, np.column_stack(columns), delimiter=",", header=header, comments="", fmt="%.17g")
        command = ["-m", "lawbook", "fit", table.name, "--y", "loss", *options]
        return [
            timed(sys.executable, *command, environment=ONE_CORE, folder=Path(folder)) for _ in range(turns)
        ]
