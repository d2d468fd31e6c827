"""Tables of runs of a problem that is solved in one line, L = s²κ² (1 − ηκ²)^(2t), for the search for symmetries."""

from __future__ import annotations

import numpy as np
import pandas as pd

HYPERPARAMETERS = ("strength", "input_scale", "learning_rate")
SETTINGS = ((1.0, 1.0, 0.1), (2.0, 0.5, 0.3), (0.5, 1.5, 0.05))
AXES = [*HYPERPARAMETERS, "seed", "steps"]


def loss(strength, input_scale, learning_rate, step, extra=0.0):
    """Return the loss; `extra` is added to the gradient's share in a step, and breaks what joins η and κ."""
    return (strength * input_scale) ** 2 * (1 - learning_rate * (input_scale**2 + extra)) ** (2 * step)


def neighbours(share=1e-3):
    """Return the settings with two neighbours on each side along each hyperparameter."""
    found = []
    for setting in SETTINGS:
        found.append(setting)
        for j in range(len(setting)):
            for times in (-2, -1, 1, 2):
                moved = list(setting)
                moved[j] *= 1 + times * share
                found.append(tuple(moved))
    return found


def rescaled():
    """Return settings far apart with one ηκ²."""
    return [(s, k, 0.2 / k**2) for s in (0.1, 1.0, 10.0) for k in (0.5, 2.0)]


def unscaled():
    """Return settings in which s and κ alone differ."""
    return [(s, k, 0.1) for s in (0.5, 2.0) for k in (0.5, 1.0, 2.0)]


def descents(extra=0.0, noise=0.0, sweeps=None):
    """Return runs and curves of the sweeps 'near', 'rescaled' and 'unscaled'; noise multiplies each value."""
    rng = np.random.default_rng(0)
    steps = np.array([0, 1, 2, 4, 8])
    runs, curves = [], []
    for name, settings in (
        sweeps or {"near": neighbours(), "rescaled": rescaled(), "unscaled": unscaled()}
    ).items():
        for i, setting in enumerate(settings):
            run_id = f"{name}-{i:02d}"
            named = dict(zip(HYPERPARAMETERS, setting, strict=True))
            runs.append(named | {"run_id": run_id, "sweeps": name, "seed": 0, "steps": 8, "status": "ok"})
            values = loss(*setting, steps, extra) * np.exp(noise * rng.standard_normal(len(steps)))
            curves.append(
                pd.DataFrame(
                    {
                        "run_id": run_id, "step": steps, "samples_seen": steps, "split": "test", "metric": "loss",
                        "index": np.nan, "value": values,
                    }
                )
            )  # fmt: skip
    return pd.DataFrame(runs), pd.concat(curves, ignore_index=True)
