"""Collapse under multiplicative noise: the edge, the share after some steps, and networks that descend."""

from __future__ import annotations

import numpy as np
import pytest

from lawbook.models import models
from lawbook.studies.axes import PruningAxes, SeedAxes, TrainingAxes
from lawbook.tasks import tasks
from lawbook.theory.multiplicative_noise import collapse_rate, collapsed_share, growth_rate
from lawbook.training.stack import train_stack

TASK, MODEL = tasks["multiplicative_noise"], models["diagonal"]
CONFIG = {
    "task": "multiplicative_noise", "model": "diagonal", **TASK.axes.defaults(), **MODEL.axes.defaults(),
    **TrainingAxes.defaults(), **PruningAxes.defaults(), **SeedAxes.defaults(),
    "modes": 5, "start_strength": 0.1, "optimizer": "sgd", "learning_rate": 0.3, "batch_size": 1, "steps": 40,
    "evaluations": 2, "dtype": "float64",
}  # fmt: skip


def walks(rate: float, drift: float, noise: float, start: float, steps: int, n: int = 20_000):
    """Return |u|, (n,), after some steps of the recursion, drawn anew."""
    rng = np.random.default_rng(0)
    u = np.full(n, np.sqrt(start))
    for _ in range(steps):
        u *= 1 + rate * (drift + noise * rng.standard_normal(n) - u * u)
    return np.abs(u)


def test_the_edge_is_where_the_study_says_and_twice_the_ratio_in_the_limit() -> None:
    assert collapse_rate(0.1, 1.0) == pytest.approx(0.1937, abs=5e-5)
    assert collapse_rate(0.04, 1.0) == pytest.approx(0.0796, abs=5e-5)
    ratios = [collapse_rate(drift, 1.0) / (2 * drift) for drift in (0.1, 0.05, 0.01)]
    assert ratios == sorted(ratios)
    assert ratios[-1] == pytest.approx(1, abs=1e-3)
    assert collapse_rate(0.2, 2.0) / 0.1 == pytest.approx(ratios[0], rel=1e-9)  # in units of μ


def test_the_growth_is_the_mean_logarithm_of_the_factors() -> None:
    factors = np.log(np.abs(1 + 0.3 * (0.1 + 1.5 * np.random.default_rng(1).standard_normal(2_000_000))))
    spread = factors.std() / np.sqrt(factors.size)
    assert growth_rate(0.3, 0.1, 1.5) == pytest.approx(factors.mean(), abs=4 * spread)
    with pytest.raises(ValueError, match="needs rate > 0"):
        growth_rate(0.0, 0.1, 1.0)


@pytest.mark.parametrize(("steps", "below"), [(1, 0.08), (20, 1e-2), (203, 1e-3)])
def test_the_share_after_some_steps_is_that_of_walks(steps: int, below: float) -> None:
    share = float((walks(0.3, 0.1, 1.0, 0.1, steps) < np.sqrt(below)).mean())
    exact = collapsed_share(0.3, 0.1, 1.0, 0.1, steps, below)
    assert exact == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 20_000))


def test_a_diagonal_network_of_two_layers_takes_these_steps() -> None:
    module = train_stack([CONFIG, CONFIG | {"seed": 1, "learning_rate": 0.1}])
    for run, (seed, rate) in enumerate([(0, 0.3), (1, 0.1)]):
        stream = TASK.open([CONFIG | {"seed": seed}])
        u = np.full(5, np.sqrt(0.1))
        for step in range(40):
            signs, targets = (part[0, 0] for part in stream.batch(step))
            u *= 1 + rate * (signs * targets - u * u)
        assert module.curve[40]["test/log_strength"][run] == pytest.approx(np.log(u * u).mean(), rel=1e-9)
        assert module.curve[40]["test/collapsed"][run] == (u * u < 1e-9).mean()
        assert module.curve[40]["test/loss"][run] == pytest.approx(
            np.square(u * u - 0.1).mean() + 1, rel=1e-9
        )
