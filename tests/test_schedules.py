"""Schedules, held to their definitions written out step by step."""

from __future__ import annotations

import math

import pytest

from lawbook.schedules import rate_factors

DEFINITIONS = {
    "constant": lambda _: 1.0,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    "linear": lambda t: 1 - t,
    "wsd": lambda t: 1.0 if t < 0.8 else 5 * (1 - t),
}


@pytest.mark.parametrize("schedule", DEFINITIONS)
@pytest.mark.parametrize("warmup", [0.0, 0.1, 0.6])
@pytest.mark.parametrize("steps", [1, 7, 100])
def test_each_step_has_the_factor_of_its_definition(schedule: str, warmup: float, steps: int) -> None:
    n_warm = round(warmup * steps)
    factors = rate_factors(schedule, warmup, steps)
    for step in range(steps):
        t = (step - n_warm) / (steps - n_warm) if step >= n_warm else 0.0
        expected = (step + 1) / n_warm if step < n_warm else DEFINITIONS[schedule](t)
        assert factors[step] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("schedule", DEFINITIONS)
def test_no_step_is_without_a_rate(schedule: str) -> None:
    assert (rate_factors(schedule, 0.2, 50) > 0).all()
