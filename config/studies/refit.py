"""Write refit.csv: one-pass SGD on power-law linear regression, whose mean loss is known exactly.

    python config/studies/refit.py

Each run trains sixteen models side by side from zero weights and records the mean of their expected losses after
each number of samples D. Runs of one seed share their examples, so that seeds are the independent repeats. The
last column is a null: the sizes of a seed's runs, shuffled. `lawbook.theory.sgd_oracle` has the exact loss.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.seeds import generator
from lawbook.tasks.sgd_oracle import PowerLawStream

SIZES = (4, 8, 16, 32, 64)
STEPS = (32, 64, 128, 256, 512)
SEEDS = range(8)
COPIES, BATCH, RATE = 16, 8, 0.4
PROBLEM = {"input_exponent": 1.5, "target_exponent": 1.6, "noise_variance": 0.05}


def runs_of(size: int, seed: int) -> list[float]:
    """Return the mean loss of the copies of one run after each of STEPS."""
    stream = PowerLawStream([{**PROBLEM, "modes": size, "seed": seed, "copies": COPIES, "batch_size": BATCH}])
    weights, losses = np.zeros((COPIES, size)), []
    for step in range(1, max(STEPS) + 1):
        inputs, targets = (part[0].astype(float) for part in stream.batch(step))
        x, y = inputs.reshape(COPIES, BATCH, size), targets.reshape(COPIES, BATCH)
        residual = np.einsum("kbn,kn->kb", x, weights) - y
        weights -= RATE / BATCH * np.einsum("kb,kbn->kn", residual, x)
        if step in STEPS:
            scaled = weights[None, :, :, None] / np.sqrt(COPIES)  # the weights that the stream reads
            exact = stream.evaluate({"weight": scaled}, lambda outputs: outputs)  # it asks for no outputs
            losses.append(float(exact["test", "loss"][0]))
    return losses


def table() -> pd.DataFrame:
    """Return a row per size, number of samples and seed."""
    rows = []
    for seed in SEEDS:
        shuffled = generator(seed, "null").permutation(SIZES)
        for size, other in zip(SIZES, shuffled, strict=True):
            for steps, loss in zip(STEPS, runs_of(size, seed), strict=True):
                rows.append((size, steps * BATCH, seed, float(f"{loss:.7g}"), other))
    return pd.DataFrame(rows, columns=["modes", "samples", "seed", "loss", "shuffled_modes"])


if __name__ == "__main__":
    table().to_csv(Path(__file__).with_suffix(".csv"), index=False)
