"""The loss of random features on fixed points, against simulation with normal features that shares no code with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.theory.digits_relabelled import exact_curve, mean_error_of_relabelled

POINTS, EXAMPLES = 160, 24
VALUES = np.arange(1.0, POINTS + 1) ** -1.5
POWER = np.arange(1.0, POINTS + 1) ** -1.3


@pytest.mark.parametrize(
    ("features", "ridge", "replaced"), [(8, 0.0, 0.0), (96, 0.0, 0.0), (96, 0.0, 0.3), (48, 0.2, 0.3)]
)
def test_the_loss_is_that_of_many_draws(features: int, ridge: float, replaced: float) -> None:
    """Of the points 24 are learned and the others asked about; a replaced target is one of another point."""
    rng, losses = np.random.default_rng(0), []
    for _ in range(300):
        modes = np.linalg.qr(rng.normal(size=(POINTS, POINTS)))[0] * np.sqrt(POINTS)
        # Two opposite "classes": a replaced label is either with equal chance, so that its mean is 0.
        target = modes @ (np.sqrt(POWER) * rng.choice([-1, 1], POINTS))
        drawn = np.where(
            rng.random(EXAMPLES) < replaced,
            np.sqrt(POWER.sum()) * rng.choice([-1, 1], EXAMPLES),
            target[:EXAMPLES],
        )
        g = modes @ (np.sqrt(VALUES)[:, None] * rng.normal(size=(POINTS, features)))
        seen = g[:EXAMPLES]
        if ridge:
            w = (
                seen.T
                @ np.linalg.solve(seen @ seen.T / features + ridge * np.eye(EXAMPLES), drawn)
                / features
            )
        else:
            w = np.linalg.pinv(seen) @ drawn
        losses.append(np.mean((g[EXAMPLES:] @ w - target[EXAMPLES:]) ** 2))
    exact = mean_error_of_relabelled(VALUES, POWER, EXAMPLES, features, ridge, replaced)
    error = np.std(losses) / np.sqrt(len(losses))
    assert abs(np.mean(losses) / exact - 1) < 0.05 + 3 * error / exact


def test_the_loss_is_infinite_at_as_many_features_as_examples() -> None:
    assert mean_error_of_relabelled(VALUES, POWER, 24, 24, 0.0, 0.2) == np.inf
    assert mean_error_of_relabelled(VALUES, POWER, 24, 24, 0.1, 0.2) < np.inf


def test_other_runs_and_columns_have_no_exact_curve() -> None:
    runs = pd.DataFrame({"task": ["digits"], "model": ["mlp"], "test_loss": [1.0]})
    assert exact_curve(runs, "features", "test_loss").isna().all()
    assert exact_curve(runs, "features", "train_loss").isna().all()
