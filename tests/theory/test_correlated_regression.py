"""Saddle to saddle: the jumps of the limit, and the flow of a diagonal network that comes near it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.testing import assert_allclose

from lawbook.models import models
from lawbook.tasks import tasks
from lawbook.theory.correlated_regression import jumps, moments, problem, separation

TASK, MODEL = tasks["correlated_regression"], models["diagonal_flow"]
STUDY = Path(__file__).parents[2] / "config/studies/saddle_to_saddle.yaml"


def measured(seed: int, start_scale: float, samples: int = 40, duration: float = 8.0) -> dict[str, float]:
    config = {"seed": seed, "samples": samples, "start_scale": start_scale, "duration": duration}
    examples = TASK.examples(config)
    weights = MODEL.solve(config, examples.inputs.astype(np.float64), examples.targets)
    return dict(TASK.exact_metrics(config, weights))


def test_uncorrelated_coordinates_join_when_their_gain_says() -> None:
    gain = np.array([0.5, -2.0, 1.0])
    found = jumps(np.eye(3), gain)

    assert_allclose(found.times, [0.5, 1.0, 2.0])
    assert_allclose(found.coefficients, [[0, -2, 0], [0, -2, 1], [0.5, -2, 1]], atol=1e-12)
    assert_allclose(found.losses(np.eye(3), gain), [5.25, 1.25, 0.25, 0], atol=1e-12)


def test_two_correlated_coordinates_by_hand() -> None:
    # The first joins at 1/1 and takes 1; the other then moves by 0.8 - 0.5, from 0.8 on.
    found = jumps(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([1.0, 0.8]))

    assert_allclose(found.times, [1.0, 1.0 + 0.2 / 0.3])
    assert_allclose(found.coefficients[-1], np.linalg.solve([[1, 0.5], [0.5, 1]], [1, 0.8]))


def test_the_study_has_the_first_seeds_whose_jumps_lie_apart() -> None:
    seeds = yaml.safe_load(STUDY.read_text())["sweeps"]["jumps"]["axes"]["seed"]
    apart = []
    for seed in range(max(seeds) + 1):
        found = jumps(*moments(*problem(seed, 40)))
        joined = [int(count) for count in (found.coefficients != 0).sum(axis=1)]
        if joined == [1, 2, 3, 4, 5] and separation(found.times) >= 1.35 and found.times[-1] < 6:
            apart.append(seed)

    assert apart == seeds


def test_errors_of_the_flow_fall_as_one_over_the_logarithm_of_the_start() -> None:
    near, nearer = (measured(142, scale) for scale in (1e-8, 1e-16))

    for k in range(1, 6):
        assert nearer[f"delay_{k}"] == pytest.approx(
            near[f"delay_{k}"], abs=1e-3 + 0.01 * abs(near[f"delay_{k}"])
        )
    assert nearer["jump_deviation"] == pytest.approx(near["jump_deviation"] / 2, rel=0.02)
    assert nearer["level_deviation"] < 1e-6
    assert nearer["loss"] < 1e-12


def test_a_coordinate_that_leaves_is_followed() -> None:
    """Seed 325 of ten examples has one that joins, leaves when another does, and joins again."""
    second, c = moments(*problem(325, 10))
    found = jumps(second, c)
    counts = (found.coefficients != 0).sum(axis=1)
    assert (np.diff(counts) < 1).any()

    limit = found.losses(second, c)
    for k in np.flatnonzero(np.diff(found.times) / found.times[:-1] > 0.2):
        middle = (found.times[k] + found.times[k + 1]) / 2
        if middle < 8:
            loss = measured(325, 1e-32, 10, float(middle))["loss"]
            assert loss == pytest.approx(limit[k + 1], abs=1e-3 * limit[0])


def test_what_the_path_does_not_reach_is_null() -> None:
    found = measured(142, 1e-8, duration=0.5)

    assert np.isfinite(found["jump_1"])
    assert np.isnan(
        [found["jump_5"], found["delay_5"], found["jump_deviation"], found["level_deviation"]]
    ).all()
