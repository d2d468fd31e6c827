"""Pools are scored once each, by probes that no axis of the pruned runs moves; and a killed job goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.pruning.pools import members_of, pool_of
from lawbook.scoring import score
from lawbook.scoring.probes import ask_probes
from lawbook.scoring.score import score_pools
from lawbook.studies import Plan, load_study, make_plan
from lawbook.training.shard import train_shard

STUDY = """
title: Pruning
question: Does it prune?
task: {name: digits}
model: {name: mlp, width: 12}
training: {steps: 20}
pruning: {probes: 2, probe_steps: 15, trajectory_steps: 30}
sweeps:
  pruned:
    axes: {metric: METRICS, keep_fraction: FRACTIONS, learning_rate: [0.001, 0.01], seed: {count: 2}}
    set: {samples: 120, label_noise: 0.2}
"""


def plan_with(folder: Path, fractions: str = "[0.5]", metrics: str = "[random, el2n]") -> Plan:
    file = folder / "pruned.yaml"
    file.write_text(STUDY.replace("FRACTIONS", fractions).replace("METRICS", metrics))
    return make_plan(load_study(file))


def scored(plan: Plan, cache: Path, code: str = "1") -> tuple[pd.DataFrame, pd.DataFrame]:
    return score_pools(plan.pools, cache=cache, code=code)


def test_another_keep_fraction_or_learning_rate_starts_no_probe(tmp_path: Path) -> None:
    few, many = plan_with(tmp_path, "[0.5]"), plan_with(tmp_path, "[0.25, 0.5, 1.0]")
    assert few.pools == many.pools
    assert len(few.pools) == 2
    assert [name for name in few.shards if name.endswith("pruned")] == ["pruned"]


def test_scores_are_the_same_in_any_company_and_find_the_noisy_labels(tmp_path: Path) -> None:
    plan = plan_with(tmp_path, metrics="[el2n, aum, prototypes_self]")
    scores, scorings = scored(plan, tmp_path / "a")
    alone, _ = score_pools(plan.pools[1:], cache=tmp_path / "b", code="1")
    both = scores[scores["pool_id"] == plan.pools[1].pool_id].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, both)
    assert (scores.groupby(["pool_id", "metric"]).size() == 120).all()
    assert scores.loc[scores["metric"] == "el2n", "score"].between(0, np.sqrt(2)).all()

    found = scorings.groupby("metric").agg({"planted_auc": "mean", "reliability": "mean", "flops": "mean"})
    assert (found.loc[["el2n", "aum"], "planted_auc"] > 0.65).all()
    assert (found.loc[["el2n", "aum"], "reliability"] > 0.2).all()
    assert pd.isna(found.loc["prototypes_self", "reliability"])
    row = scorings[(scorings["metric"] == "el2n") & (scorings["seed"] == 1)].iloc[0]
    assert (row["step"], row["probe_seeds"], len(row["probe_ids"].split())) == (15, "1/0 1/1", 2)
    assert found.loc["prototypes_self", "flops"] == 0
    assert found.loc["aum", "flops"] == 2 * found.loc["el2n", "flops"]


def test_scores_name_the_examples_of_the_task(tmp_path: Path) -> None:
    pool = plan_with(tmp_path).pools[0]
    scores, _ = score_pools([pool], cache=tmp_path / "a", code="1")
    members, _ = pool_of(score.pool_task(pool.config), pool.config)
    of_metric = scores[scores["metric"] == "el2n"]
    assert of_metric["index"].tolist() == members.tolist()
    assert of_metric["example"].tolist() == list(range(120))


def test_finished_pools_are_not_scored_again_and_another_metric_is_scored_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score, "LARGEST_STACK", 1)  # a chunk for each pool
    trained: list[int] = []

    def counted(need, probes, heartbeat=None):
        trained.append(len(probes))
        if sum(trained) > stop_after[0]:
            raise KeyboardInterrupt
        return ask_probes(need, probes, heartbeat)

    monkeypatch.setattr(score, "ask_probes", counted)
    plan, stop_after = plan_with(tmp_path), [8]
    with pytest.raises(KeyboardInterrupt):
        scored(plan, tmp_path / "a")
    trained.clear()
    stop_after[0] = 1000
    resumed = scored(plan, tmp_path / "a")
    assert sum(trained) == 8, "two early and six held-out probes of the second pool"
    trained.clear()
    again = scored(plan, tmp_path / "a")
    pd.testing.assert_frame_equal(again[0], resumed[0])
    pd.testing.assert_frame_equal(again[1], resumed[1])
    assert sum(trained) == 0
    scored(plan_with(tmp_path, metrics="[el2n, aum]"), tmp_path / "a")
    assert sum(trained) == 4, "the two that are followed, of each pool"


def test_held_out_probes_learn_one_half_and_judge_the_other(tmp_path: Path) -> None:
    pool = plan_with(tmp_path).pools[0]
    task = score.pool_task(pool.config)
    members, _ = pool_of(task, pool.config)
    learned = [members_of(task, probe.config)[0] for probe in pool.probes["heldout"]]
    assert sorted(np.concatenate(learned).tolist()) == sorted(3 * members.tolist())
    answered = ask_probes("heldout", pool.probes["heldout"])
    assert [len(answered[probe.run_id].probabilities) for probe in pool.probes["heldout"]] == [60] * 6


def test_pruned_runs_keep_their_share_and_read_their_own_pool(tmp_path: Path) -> None:
    plan = plan_with(tmp_path, "[0.25, 0.5]")
    scores, _ = scored(plan, tmp_path / "a")
    runs = plan.shards["pruned"]
    curves, outcomes = train_shard(runs, shard="pruned", cache=tmp_path / "a", code="1", scores=scores)
    fraction = {run.run_id: run.config["keep_fraction"] for run in runs}
    assert (outcomes["n_train"] == outcomes["run_id"].map(fraction) * 120).all()
    turned = scores.assign(score=-scores["score"])
    other, again = train_shard(runs, shard="pruned", cache=tmp_path / "a", code="1", scores=turned)
    assert not again["cached"].any()
    assert not other["value"].equals(curves["value"])


def test_probes_that_diverge_do_not_score(tmp_path: Path) -> None:
    file = tmp_path / "wild.yaml"
    text = STUDY.replace("FRACTIONS", "[0.5]").replace("METRICS", "[el2n]")
    file.write_text(text.replace("steps: 20}", "steps: 20, optimizer: sgd, learning_rate: 1.0e+9}"))
    plan = make_plan(load_study(file))
    with pytest.raises(LawbookError, match=r"probes diverged, the first at step \d+, .* lower learning_rate"):
        scored(plan, tmp_path / "a")
