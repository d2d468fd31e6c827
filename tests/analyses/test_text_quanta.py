"""Discovery on a small planted text: its tables agree with the text, and bad input is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from lawbook.analyses import Inputs, compute_analysis
from lawbook.analyses.text_quanta.block import TextQuantaBlock
from lawbook.analyses.text_quanta.tokens import (
    FIRST_POSITION,
    choose_tokens,
    inner_layers,
    repeated_trigrams,
    token_gradients,
    token_losses,
    windows_of,
)
from lawbook.errors import LawbookError
from lawbook.quanta.affinity import AFFINITIES
from lawbook.results.reader import Results
from lawbook.seeds import generator
from lawbook.studies import Plan, load_study, make_plan
from lawbook.training.kept_runs import weights_by_run
from lawbook.training.shard import train_shard
from lawbook.training.weights import kept_weights

STUDY = """
title: Quanta of a planted text
question: Are they found?
task: {{name: corpus, folder: {folder}, vocabulary: 256, context: 32, samples: 160}}
model: {{name: transformer, depth: 1, heads: 2, width: 16}}
training: {{steps: 120, learning_rate: 1.0e-2, batch_size: 16, evaluations: 5}}
sweeps:
  sizes: {{axes: {{width: [4, 8, 16], seed: {{count: 2}}}}}}
analyses:
  text_quanta:
    tokens:
      {{sweep: sizes, where: {{width: 16}}, samples: 80, loss_quantile: 0.6, clusters: [4, 8, 12],
       cluster_seeds: 2, affinity: relu_cos}}
"""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """Return the plan of a study whose text is made of four words that are easy to end."""
    folder, rng = tmp_path_factory.mktemp("planted"), np.random.default_rng(0)
    for i in range(60):
        words = rng.choice(["alpha", "bravo", "xyzzy", "quartz"], p=[0.4, 0.3, 0.2, 0.1], size=60)
        (folder / f"{i}.txt").write_text(" ".join(words))
    file = tmp_path_factory.mktemp("study") / "planted.yaml"
    file.write_text(STUDY.format(folder=folder))
    return make_plan(load_study(file))


@pytest.fixture(scope="module")
def cache(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache in which the study's runs have been trained as its shards do."""
    folder = tmp_path_factory.mktemp("cache")
    for shard, runs in plan.shards.items():
        train_shard(runs, shard=shard, cache=folder, code="1", keep=plan.kept)
    return folder


@pytest.fixture(scope="module")
def tables(plan: Plan, cache: Path) -> dict[str, pd.DataFrame]:
    weights = weights_by_run(plan, plan.runs, cache=cache, code="1")
    return compute_analysis("text_quanta", "tokens", Inputs(plan, Results(cache), weights))


def test_nothing_is_trained_again(plan: Plan, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from lawbook.training import shard as shard_module

    monkeypatch.setattr(shard_module, "train_stack", None)
    for shard, runs in plan.shards.items():
        assert len(kept_weights(runs, shard=shard, cache=cache, code="1")) == len(runs)


def test_each_token_stands_in_its_text_and_file(plan: Plan, tables: dict[str, pd.DataFrame]) -> None:
    assert plan.study.content.task is not None
    folder = Path(plan.study.content.task.settings["folder"])
    quanta = tables["tokens"]
    assert len(quanta) == 80
    for row in quanta.to_dict("records"):
        shown = (row["before"] + row["target"] + row["after"]).split("\0")
        text = (folder / row["file"]).read_text()
        assert any(part in text for part in shown)
    assert (quanta["position"] >= FIRST_POSITION).all()
    assert not quanta.duplicated(["window", "position"]).any()


def test_clusters_and_their_control_have_the_same_sizes(tables: dict[str, pd.DataFrame]) -> None:
    quanta, sizes = tables["tokens"], tables["sizes"]
    found = quanta["cluster"].value_counts().sort_index().tolist()
    assert found == quanta["control"].value_counts().sort_index().tolist()
    assert found == sizes[(sizes["k"] == 8) & (sizes["seed"] == 0)]["size"].tolist()
    assert sizes.groupby(["k", "seed"])["size"].sum().eq(80).all()


def test_clusters_follow_what_is_predicted(tables: dict[str, pd.DataFrame]) -> None:
    quanta, scores = tables["tokens"], tables["scores"].set_index(["what", "part", "k"])["estimate"]
    assert adjusted_rand_score(quanta["target"], quanta["cluster"]) > 0.2
    assert scores["target", "purity", 12] > 0.7
    assert scores["target", "ari of permuted targets, largest", 8] < 0.1


def test_scores_are_told_with_intervals_at_every_k(tables: dict[str, pd.DataFrame]) -> None:
    scores = tables["scores"]
    for what in ("held_out_cosine", "learning_time"):
        for part in ("clusters", "control", "difference"):
            mine = scores[(scores["what"] == what) & (scores["part"] == part)]
            assert mine["k"].tolist() == [4, 8, 12]
            assert (mine["low"] <= mine["estimate"]).all()
            assert (mine["estimate"] <= mine["high"]).all()
    cosine = scores[scores["what"] == "held_out_cosine"].set_index(["part", "k"])["estimate"]
    assert cosine["clusters", 12] > 0.1
    assert cosine["difference", 12] == pytest.approx(cosine["clusters", 12] - cosine["control", 12])


def test_losses_over_sizes_are_those_of_the_runs(plan: Plan, tables: dict[str, pd.DataFrame]) -> None:
    losses = tables["losses"]
    assert losses.groupby(["window", "position"]).size().eq(6).all()
    assert losses.groupby(["window", "position", "seed"])["kind"].nunique().eq(1).all()
    assert losses["n_params"].nunique() == 3
    assert losses["run_id"].nunique() == len(plan.runs)


def test_gradients_are_those_of_the_recorded_losses(plan: Plan, cache: Path) -> None:
    run = next(run for run in plan.runs if run.config["width"] == 16)
    shard = plan.shard_of[run.run_id]
    weights = kept_weights([run], shard=shard, cache=cache, code="1")[run.run_id][120]
    windows = windows_of(run.config)
    losses = token_losses(run.config, weights, windows)
    block = plan.study.content.analyses.of("text_quanta")["tokens"]
    chosen = choose_tokens(block, losses, windows, generator(0, "test"))
    few = replace(chosen, window=chosen.window[:3], position=chosen.position[:3])
    sketched = token_gradients(run.config, weights, windows, few, dimension=1 << 14)
    inner = inner_layers(run.config, weights)
    assert "token" not in inner
    assert "attend_weight_0" in inner

    # The same by automatic differentiation of the loss that training records, one token after another.
    import torch

    from lawbook.models import models
    from lawbook.training.losses.cross_entropy import target_losses

    leaves = {name: tensor.clone().requires_grad_() for name, tensor in weights.items()}
    one_run = {name: leaf[None] for name, leaf in leaves.items()}
    ids, targets = (torch.from_numpy(array[few.window])[None] for array in (windows.inputs, windows.targets))
    outputs = models["transformer"].forward(run.config, one_run, ids)
    of_targets = target_losses(outputs, targets)[0]
    exact = []
    for place, position in enumerate(few.position.tolist()):
        grads = torch.autograd.grad(
            of_targets[place, position], [leaves[n] for n in inner], retain_graph=True
        )
        exact.append(torch.cat([grad.flatten() for grad in grads]).numpy())
    np.testing.assert_allclose(
        sketched @ sketched.T, np.stack(exact) @ np.stack(exact).T, rtol=1e-3, atol=1e-6
    )


def test_repeated_trigrams_are_told(plan: Plan) -> None:
    windows = windows_of(plan.runs[0].config)
    few = replace(
        windows,
        places=windows.places[:1],
        inputs=np.array([[1, 2, 3, 1, 2, 3, 1]]),
        targets=np.array([[2, 3, 1, 2, 3, 1, 9]]),
    )
    assert repeated_trigrams(few).tolist() == [[False, False, False, False, True, True, False]]


def test_thresholds_that_leave_nothing_are_told(plan: Plan) -> None:
    windows = windows_of(plan.runs[0].config)
    losses = np.full(windows.targets.shape, 2.0)

    def choose(**fields: float) -> None:
        block = TextQuantaBlock(sweep="sizes", samples=100, clusters=[40], **fields)
        choose_tokens(block, losses, windows, generator(0, "test"))

    with pytest.raises(
        LawbookError, match=r"loss_below = 0.1: none of [\d,]+ tokens has so small a loss; the sm"
    ):
        choose(loss_below=0.1)
    losses[:] = np.arange(losses.size).reshape(losses.shape)
    with pytest.raises(LawbookError, match=r"loss_quantile = 0.001: only \d+ tokens qualify for 40 clusters"):
        choose(loss_quantile=0.001)


def test_the_schema_offers_the_affinities_that_there_are() -> None:
    schema = TextQuantaBlock.model_json_schema()["properties"]["affinity"]
    assert set(schema["enum"]) == set(AFFINITIES)
