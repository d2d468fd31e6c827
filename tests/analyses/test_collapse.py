"""The collapse of learning curves: on curves that are known exactly, and on planted ones."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.analyses.collapse.block import CollapseBlock
from lawbook.analyses.collapse.compute import collapse_tables
from lawbook.laws.collapse import exponent_of_least_spread, spread_of_ladders
from lawbook.schedules import rate_factors
from lawbook.theory.sgd_oracle import exact_loss, tail

PROBLEM = {
    "task": "sgd_oracle", "input_exponent": 1.5, "target_exponent": 1.6, "noise_variance": 0.0, "warmup": 0.0, "copies": 1,
    "learning_rate": 0.3, "optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "gradient_clip": np.nan,
}  # fmt: skip


def oracle(sizes, exponents, schedule, batch_size, seeds=1, noise=0.0, evaluations=120):
    """Return runs of the task sgd_oracle on ladders 2 N0^1.5 (N / N0)^γ, and their exact curves with noise of seeds."""
    runs, curves = [], []
    rng = np.random.default_rng(0)
    for modes in sizes:
        for steps in sorted(
            {round(2 * sizes[0] ** 1.5 * (modes / sizes[0]) ** gamma) for gamma in exponents}
        ):
            at = np.unique(np.geomspace(1, steps, evaluations).round().astype(int))
            loss = exact_loss(modes, 0.3 * rate_factors(schedule, 0.0, steps), batch_size, steps=at)
            for seed in range(seeds):
                run_id = f"{schedule}-{batch_size}-{modes}-{steps}-{seed}"
                runs.append(
                    PROBLEM | {
                        "run_id": run_id, "sweeps": "ladders", "modes": modes, "batch_size": batch_size, "steps": steps,
                        "schedule": schedule, "seed": seed, "status": "ok", "flops": 6.0 * modes * batch_size * steps,
                    }
                )  # fmt: skip
                factor = np.exp(noise * rng.standard_normal(len(at)))
                curves.append(
                    pd.DataFrame(
                        {
                            "run_id": run_id, "step": at, "samples_seen": at * batch_size, "split": "test",
                            "metric": "loss", "index": np.nan, "value": loss * factor,
                        }
                    )
                )  # fmt: skip
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)


def block(**keys):
    return CollapseBlock(sweep="ladders", size="modes", **keys)


# The world in which these were first computed ends at the mode 2,000,000: its losses are lower by tail(2e6), which here
# is the floor. With all modes and L₀ = 0 the spreads differ by up to .0007, and the least lies at the same γ.
PUBLISHED = {
    ("linear", 64): [0.0150, 0.0085, 0.0007, 0.0109, 0.0237],
    ("constant", 64): [0.0347, 0.0185, 0.0016, 0.0235, 0.0472],
    ("linear", 4): [0.0210, 0.0147, 0.0065, 0.0042, 0.0168],
}


@pytest.mark.parametrize(("schedule", "batch_size"), list(PUBLISHED))
def test_exact_spreads_are_the_published_ones(schedule, batch_size):
    gammas = np.array([1.3, 1.4, 1.5, 1.6, 1.7])
    runs, curves = oracle([32, 64, 128, 256, 512], gammas, schedule, batch_size)
    keys = {"exponents": (1.3, 1.7), "exact": "sgd_oracle"}
    tables = collapse_tables(block(floor=tail(2_000_000), **keys), runs, curves)
    spreads = tables["spreads"]
    told = np.interp(gammas, spreads["exponent"], spreads["spread"])
    print(told)
    print(tables["exponents"].T, collapse_tables(block(floor="exact", **keys), runs, curves)["exponents"].T)
    np.testing.assert_allclose(told, PUBLISHED[schedule, batch_size], atol=2e-4)
