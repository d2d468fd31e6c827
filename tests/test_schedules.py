"""Schedules, held to their definitions written out step by step."""

from __future__ import annotations

import math

import pytest

from lawbook.schedules import SCHEDULES, check_schedule, rate_factors

DEFINITIONS = {
    "constant": lambda _: 1.0,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    "linear": lambda t: 1 - t,
    "wsd": lambda t: 1.0 if t < 0.8 else 5 * (1 - t),
    "step": lambda t: 1.0 if t < 0.8 else math.sqrt(0.1) if t < 0.9 else 0.1,
    "0:1, 0.3:1, 0.3:0.5, 0.7:0.1, 1:0": lambda t: (
        1.0 if t < 0.3 else 0.5 - (t - 0.3) if t < 0.7 else 0.1 * (1 - t) / 0.3
    ),
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


def test_every_named_schedule_is_defined_here() -> None:
    assert set(SCHEDULES) <= set(DEFINITIONS)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("cosin", "there is no such schedule; did you mean 'cosine'"),
        ("0:1", "there is no such schedule"),
        ("0:1, 1", "there is no such schedule"),
        ("0:1, 1:e", "a point is no pair of numbers"),
        ("0:1, 0.6:1, 0.5:1, 1:0", "the places of its points do not rise from 0 to 1"),
        ("0.1:1, 1:0", "the places of its points do not rise from 0 to 1"),
        ("0:1, 0.9:0", "the places of its points do not rise from 0 to 1"),
        ("0:2, 1:0", "its factors do not lie between 0 and 1"),
        ("0:1, 1:-1", "its factors do not lie between 0 and 1"),
    ],
)
def test_what_is_no_schedule_is_told(table: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        check_schedule(table)
