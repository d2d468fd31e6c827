"""The study `pruning`, trained: its frontiers against those measured before, random and an independent probe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.scoring.score import score_pools
from lawbook.studies import plan_study
from lawbook.training.shard import train_shard

pytestmark = [pytest.mark.slow, pytest.mark.long]

STUDIES = Path(__file__).parents[2] / "config" / "studies"
RANDOM = {25: 0.331, 50: 0.253, 71: 0.220, 100: 0.180, 141: 0.137, 200: 0.101}
EL2N = {25: 0.295, 50: 0.199, 71: 0.140, 100: 0.109, 141: 0.0158, 200: 0.0083}
"""Measured frontiers by examples kept, halves of ten seeds, of another implementation with a probe like ours."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a row per run of the study with its axes and its test error."""
    plan = plan_study("pruning", STUDIES)
    cache = tmp_path_factory.mktemp("cache")
    scores, _ = score_pools(plan.pools, cache=cache, code="test")
    tables = [
        train_shard(runs, shard=shard, cache=cache, code="test", scores=scores)
        for shard, runs in plan.shards.items()
    ]
    assert all((outcomes["status"] == "ok").all() for _, outcomes in tables)
    curves = pd.concat([curves for curves, _ in tables])
    errors = curves[(curves["split"] == "test") & (curves["metric"] == "error")].set_index("run_id")["value"]
    runs = plan.table().set_index("run_id").join(errors.rename("test_error"))
    runs["n_kept"] = (runs["keep_fraction"] * runs["samples"]).round().astype(int)
    return runs


def frontier(runs, metric):
    """Return the least error by examples kept: the pool is chosen on one half of the seeds, read on the other."""
    runs = runs[runs["sweeps"].str.split(",").apply(lambda names: "kept_and_pool" in names)]
    pruned = (runs["metric"] == metric) & (runs["probe_data"].fillna("same") == "same")
    runs = runs[pruned | (runs["keep_fraction"] == 1)]
    best = {}
    for kept, alike in runs.groupby("n_kept"):
        errors = alike.pivot_table(index="samples", columns="seed", values="test_error").to_numpy()
        first, second = (half.mean(axis=1) for half in np.array_split(errors, 2, axis=1))
        best[kept] = (second[first.argmin()] + first[second.argmin()]) / 2
    return best


def test_pruning_beats_chance_many_times_over(trained):
    """Four examples per dimension, kept by EL2N, err at most 0.15 times as often as random ones."""
    runs = trained
    pruned, random = (frontier(runs, metric) for metric in ("el2n", "random"))
    ratio = pruned[200] / random[200]
    assert ratio <= 0.15


def test_frontiers_are_those_measured_before(trained):
    """Random within 10 %, EL2N within 30 %; at two per dimension, where pools differ most, at least as low."""
    runs = trained
    pruned, random = (frontier(runs, metric) for metric in ("el2n", "random"))
    for kept in RANDOM:
        print(f"{kept}: random {random[kept]:.4f} ({RANDOM[kept]}), EL2N {pruned[kept]:.4f} ({EL2N[kept]})")
        assert random[kept] == pytest.approx(RANDOM[kept], rel=0.1)
        assert pruned[kept] < 1.3 * EL2N[kept]
        if kept != 100:
            assert pruned[kept] > 0.7 * EL2N[kept]


def test_a_probe_of_the_pool_knows_more_than_an_independent_one(trained):
    """At two per dimension the ranking of a probe that has seen the pool leaks the fit to all of it."""
    runs = trained
    of_el2n = runs[(runs["metric"] == "el2n") & (runs["keep_fraction"] < 1)]
    means = of_el2n.groupby(["probe_data", "samples", "n_kept"])["test_error"].mean()
    measured = {
        (400, 200): 0.0614,
        (800, 200): 0.0473,
        (400, 100): 0.340,
        (800, 100): 0.417,
        (3200, 400): 0.0073,
    }
    for (pool, kept), independent in measured.items():
        same, heldout = (means[data, pool, kept] for data in ("same", "heldout"))
        print(f"pool {pool}, kept {kept}: in-sample {same:.4f}, independent {heldout:.4f} ({independent})")
        assert heldout == pytest.approx(independent, rel=0.35)
        assert same < heldout
    assert means["same", 400, 100] < 0.4 * means["heldout", 400, 100]


def test_the_unpruned_student_errs_between_bayes_and_the_largest_margin(trained):
    """At large α the least possible error is 0.442/α (Opper & Haussler 1991), that of the largest margin 0.500/α."""
    runs = trained
    whole = runs[(runs["keep_fraction"] == 1) & (runs["samples"] == 3200)]["test_error"]
    assert 0.42 < whole.mean() * 64 < 0.53
