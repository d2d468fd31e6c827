"""Tables of runs of the task sgd_oracle whose curves are the exact ones, for analyses that follow curves."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lawbook.schedules import rate_factors
from lawbook.theory.sgd_oracle import exact_loss

_PROBLEM = {
    "task": "sgd_oracle", "input_exponent": 1.5, "target_exponent": 1.6, "noise_variance": 0.0, "warmup": 0.0,
    "copies": 1, "optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "gradient_clip": np.nan, "status": "ok",
    "schedule": "constant", "sweeps": "all",
}  # fmt: skip


def oracle_runs(configs, seeds=1, noise=0.0, evaluations=120):
    """Return runs and curves of configurations (modes, batch_size, learning_rate, steps, …), each with some seeds.

    A seed multiplies a whole curve by one factor, of relative size `noise`.
    """
    rng = np.random.default_rng(0)
    runs, curves = [], []
    for i, config in enumerate(configs):
        run = _PROBLEM | config
        at = np.unique(np.geomspace(1, run["steps"], evaluations).round().astype(int))
        rates = run["learning_rate"] * rate_factors(run["schedule"], 0.0, run["steps"])
        loss = exact_loss(run["modes"], rates, run["batch_size"], noise=run["noise_variance"], steps=at)
        flops = 6.0 * run["modes"] * run["batch_size"] * run["steps"]
        for seed in range(seeds):
            values = loss * np.exp(noise * rng.standard_normal())
            run_id = f"{i}-{seed}"
            runs.append(run | {"run_id": run_id, "seed": seed, "flops": flops, "test_loss": values[-1]})
            curves.append(
                pd.DataFrame(
                    {
                        "run_id": run_id, "step": at, "samples_seen": at * run["batch_size"], "split": "test",
                        "metric": "loss", "index": np.nan, "value": values,
                    }
                )
            )  # fmt: skip
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)
