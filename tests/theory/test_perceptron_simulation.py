"""The replica theory of pruned data against students solved on real pools: N = 200, an oracle probe at angle θ."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from lawbook.models import models
from lawbook.pruning.metrics import Evidence, metrics
from lawbook.pruning.pools import pool_of
from lawbook.report.quantities import quantities
from lawbook.studies.schema import PruningAxes, SeedAxes
from lawbook.studies.study import NO_TRAINING
from lawbook.tasks import tasks
from lawbook.theory.perceptron import student
from lawbook.training.solved import solve_runs

DIMENSION = 200

# α = kept / N, keep fraction f, which are kept, and the angle θ of the probe. Near α = 2 with small f, students of
# N = 200 are of two kinds, so that |α - 2| > 0.4 throughout.
ROWS = [
    (1, 1.0, "hard", 0.0),
    (4, 1.0, "hard", 0.0),
    (1, 0.5, "hard", 0.0),
    (4, 0.5, "hard", 0.0),
    (1, 0.2, "hard", 0.0),
    (4, 0.2, "hard", 0.0),
    (3, 0.05, "hard", 0.0),
    (1, 0.5, "easy", 0.0),
    (4, 0.2, "easy", 0.0),
    (1, 0.5, "hard", 10.0),
    (4, 0.2, "hard", 10.0),
    (4, 0.5, "hard", 20.0),
    (4, 0.2, "hard", 20.0),
]


@cache
def simulate(alpha, fraction, keep, angle, seeds):
    """Return the exact errors and the margins of students, one per seed, on the pruned pools of the task."""
    task = tasks["perceptron"]
    base = {"task": "perceptron", "model": "max_margin", **NO_TRAINING}
    for axes in (task.axes, models["max_margin"].axes, PruningAxes, SeedAxes):
        base |= axes().model_dump()
    base |= {"dimension": DIMENSION, "samples": round(alpha * DIMENSION / fraction), "probe_angle_deg": angle}
    base |= {"keep_fraction": fraction, "keep": keep, "metric": "oracle_margin"}
    configs = [{**base, "seed": seed} for seed in range(seeds)]
    scores = {}
    for place, config in enumerate(configs):
        if fraction < 1:
            pool, labels = pool_of(task, config)
            evidence = Evidence(labels[pool], config["seed"], margins=task.margins(config)[pool])
            scores[place] = metrics["oracle_margin"].score(evidence)
    solved = solve_runs(configs, scores)
    assert not solved.failed
    assert solved.n_train == [alpha * DIMENSION] * seeds
    return np.array(solved.curve[1]["test/error"]), np.array(solved.curve[1]["train/margin"])


def deviations(rows, seeds, measure):
    """Return (mean - theory) / standard error of each row's errors (0) or margins (1), and print the figures."""
    found = []
    for row in rows:
        measured = simulate(*row, seeds)[measure]
        exact = student(*row)
        theory = (exact.error, exact.margin)[measure]
        se = measured.std(ddof=1) / np.sqrt(seeds)
        found.append((measured.mean() - theory) / se)
        alpha, fraction, keep, angle = row
        print(
            f"α = {alpha}, f = {fraction}, {keep}, θ = {angle:.0f}°: {measured.mean():.5f} ± {se:.5f}, "
            f"theory {theory:.5f}, z = {found[-1]:.2f}"
        )
    z = np.array(found)
    print(f"largest |z| {np.abs(z).max():.2f}, mean z² {np.mean(z**2):.2f}")
    return z


def test_pruned_students_err_as_the_theory_says():
    rows = [ROWS[0], ROWS[2], ROWS[9]]
    assert np.abs(deviations(rows, 10, measure=0)).max() < 3.5


@pytest.mark.slow
def test_every_row_away_from_the_transition_is_met():
    z = deviations(ROWS, 12, measure=0)
    assert np.abs(z).max() < 3.5
    assert np.mean(z**2) < 2


@pytest.mark.slow
def test_margins_are_those_of_the_theory():
    z = deviations(ROWS, 12, measure=1)
    assert np.abs(z).max() < 3.5
    assert np.mean(z**2) < 2


def test_the_quantity_exact_ratio_is_the_mean_over_seeds_of_measured_to_exact_error():
    off = {0: 0.9, 1: 1.0, 2: 1.4}
    rows = [
        {
            "samples": round(alpha * DIMENSION / fraction),
            "keep_fraction": fraction,
            "keep": keep,
            "seed": seed,
        }
        | {"probe_angle_deg": angle, "n_train": alpha * DIMENSION, "metric": "oracle_margin"}
        | {"test_error": factor * student(alpha, fraction, keep, angle).error}
        for alpha, fraction, keep, angle in ROWS[:4]
        for seed, factor in off.items()
    ]
    same = {"task": "perceptron", "model": "max_margin", "dimension": DIMENSION, "drop_hardest": 0.0}
    runs = pd.DataFrame(rows).assign(**same)
    estimate, low, high, n = quantities["exact_ratio"].compute(None, runs)
    assert estimate == pytest.approx(1.1)
    assert (high - low) / 2 == pytest.approx(
        4.302653 * np.std(list(off.values()), ddof=1) / np.sqrt(3), rel=1e-6
    )
    assert n == len(runs)
    runs.loc[3, "test_error"] = np.nan
    assert np.isnan(quantities["exact_ratio"].compute(None, runs)[0])
