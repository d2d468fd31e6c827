"""Runs whose tokens are right with a planted probability, independently, and what `answers` measures of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.measurements.answers import Answers

ASKED = Answers(lengths=(1, 4, 32), pass_length=4)
SIZES, SEEDS, SLOPE = (100, 1000, 10_000), 16, -0.3


def planted():
    """Return runs whose tokens are right with p = exp(-2 N^-0.3), independently, and their curves.

    Of the smallest half of the seeds does not learn. An answer of 32 has no chance there.
    """
    runs, curves = [], []
    for size in SIZES:
        p = float(np.exp(-2 * size**SLOPE))
        for seed in range(SEEDS):
            run_id = f"{size}_{seed}"
            lost = size == SIZES[0] and seed % 2
            runs.append(
                {
                    "run_id": run_id, "sweeps": "all", "status": "ok", "n_params": size, "seed": seed,
                    "token_accuracy": p, "token_brier": 0.4 if lost else 0.1 + 0.001 * seed,
                }
            )  # fmt: skip
            exact = [p, p**4, 0.0 if size == SIZES[0] else p**32]
            vectors = {
                "exact_match": exact,
                "n_answers": [4096, 1024, 128],
                "log_pass": [4 * np.log(p)] * 200,
            }
            curves += [
                {"run_id": run_id, "step": 10, "split": None, "metric": name, "index": i, "value": value}
                for name, each in vectors.items()
                for i, value in enumerate(each)
            ]
    return pd.DataFrame(runs), pd.DataFrame(curves)
