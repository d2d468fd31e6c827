"""The replica theory of pruned data against students solved on real pools: N = 200, an oracle probe at angle θ."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from benchmarks.perceptron_table import DIMENSION, SIMULATED, deviations

from lawbook.claims.quantities import quantities
from lawbook.theory.perceptron import student


@cache
def every_row():
    """Return the deviations of all rows that are away from the transition at α = 2, and print the figures."""
    found = deviations(SIMULATED, 12)
    print(found.to_string())
    return found


def test_pruned_students_err_as_the_theory_says():
    rows = [SIMULATED[0], SIMULATED[2], (1, 0.5, "hard", 10)]
    assert deviations(rows, 10)["error_z"].abs().max() < 3.5


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["error", "margin"])
def test_every_row_away_from_the_transition_is_met(measure):
    z = every_row()[f"{measure}_z"]
    assert len(z) == 13
    assert z.abs().max() < 3.5
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
        for alpha, fraction, keep, angle in SIMULATED[:4]
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
