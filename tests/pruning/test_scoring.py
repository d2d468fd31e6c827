"""Pools are scored once each, by probes that no axis of the pruned runs moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from lawbook.pruning.scoring import score_pools
from lawbook.studies import Plan, load_study, make_plan
from lawbook.training.shard import train_shard

STUDY = """
title: Pruning
question: Does it prune?
task: {name: digits}
model: {name: mlp, width: 12}
training: {steps: 20}
pruning: {probes: 2, probe_steps: 15}
sweeps:
  pruned:
    axes: {metric: [random, el2n], keep_fraction: FRACTIONS, learning_rate: [0.001, 0.01], seed: {count: 2}}
    set: {samples: 120, label_noise: 0.2}
"""


def plan_with(folder: Path, fractions: str) -> Plan:
    file = folder / "pruned.yaml"
    file.write_text(STUDY.replace("FRACTIONS", fractions))
    return make_plan(load_study(file))


def test_another_keep_fraction_or_learning_rate_starts_no_probe(tmp_path: Path) -> None:
    few, many = plan_with(tmp_path, "[0.5]"), plan_with(tmp_path, "[0.25, 0.5, 1.0]")
    assert few.pools == many.pools
    assert len(few.pools) == 2
    assert [name for name in few.shards if name.endswith("pruned")] == ["pruned"]


def test_scores_are_the_same_in_any_company_and_find_the_noisy_labels(tmp_path: Path) -> None:
    plan = plan_with(tmp_path, "[0.5]")
    scores = score_pools(plan.pools)
    alone = score_pools(plan.pools[1:])
    both = scores[scores["pool_id"] == plan.pools[1].pool_id].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, both)
    assert scores.groupby("pool_id").size().tolist() == [120, 120]
    assert scores["score"].between(0, np.sqrt(2)).all()


def test_pruned_runs_keep_their_share_and_read_their_own_pool(tmp_path: Path) -> None:
    plan = plan_with(tmp_path, "[0.25, 0.5]")
    scores = score_pools(plan.pools)
    runs = plan.shards["pruned"]
    curves, outcomes = train_shard(runs, shard="pruned", cache=tmp_path / "a", code="1", scores=scores)
    fraction = {run.run_id: run.config["keep_fraction"] for run in runs}
    assert (outcomes["n_train"] == outcomes["run_id"].map(fraction) * 120).all()
    turned = scores.assign(score=-scores["score"])
    other, again = train_shard(runs, shard="pruned", cache=tmp_path / "a", code="1", scores=turned)
    assert not again["cached"].any()
    assert not other["value"].equals(curves["value"])
