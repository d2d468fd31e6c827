"""Quanta of networks whose tasks are known: tables, report, figure and quantities agree; bad input is told."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import adjusted_rand_score
from tests.conftest import write_analyses
from torch.nn.functional import cross_entropy

from lawbook.analyses import Inputs
from lawbook.analyses.known_quanta.compute import draw, ks_about, log_of_loss, network_of
from lawbook.analyses.known_quanta.section import (
    LEARNED,
    METHOD_COLUMNS,
    NETWORK_COLUMNS,
    agreements,
    known_of,
    mean_over_networks,
)
from lawbook.claims.quantities import analysis_of, quantities
from lawbook.errors import LawbookError, StudyError
from lawbook.models.parity_mlp import logits_of_one
from lawbook.report.figures import check_figure, draw_figure
from lawbook.results.reader import Results
from lawbook.studies import Plan, load_study, make_plan
from lawbook.tasks import tasks
from lawbook.tasks.sparse_parity import subsets
from lawbook.training.kept_runs import weights_by_run
from lawbook.training.shard import train_shard
from lawbook.training.weights import kept_weights

STUDY = """
title: Parities that are known
question: Are they found?
task: {name: sparse_parity, n_tasks: 12, n_bits: 12, subset_size: 2, alpha: 0.4}
model: {name: parity_mlp, width: 128}
training: {learning_rate: 1.0e-2, batch_size: 256, steps: 700, evaluations: 2}
sweeps:
  networks: {axes: {seed: [0, 1, 2]}}
analyses:
  known_quanta:
    networks: {sweep: networks, samples: 300}
figures: [quanta_agreement]
claims:
  - {quantity: quanta_agreement, at_least: 0.5, origin: exploratory}
"""


def planned(folder: Path, text: str = STUDY) -> Plan:
    """Return the plan of a study with this text."""
    file = folder / "known.yaml"
    file.write_text(text)
    return make_plan(load_study(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a results folder with the tables of a study whose networks were trained and looked into."""
    folder = tmp_path_factory.mktemp("known")
    plan = planned(folder)
    for shard, runs in plan.shards.items():
        train_shard(runs, shard=shard, cache=folder / "cache", code="1", keep=plan.kept)
    weights = weights_by_run(plan, plan.runs, cache=folder / "cache", code="1")
    write_analyses(Inputs(plan, Results(folder), weights))
    return folder


def found_in(folder: Path) -> Results:
    """Return the tables of the analysis."""
    return Results(folder).analysis("known_quanta", "networks")


def test_the_tables_tell_the_clusters_of_each_network(folder: Path) -> None:
    examples, scores, sizes = map(found_in(folder).table, ("examples", "scores", "sizes"))
    assert examples.groupby("seed").size().to_dict() == {0: 300, 1: 300, 2: 300}
    assert (examples["loss"] < 0.1).all()
    at, worst = agreements(scores, "abs_cos, score linkage")
    for seed, mine in examples.groupby("seed"):
        k = mine["task"].nunique()
        assert mine["cluster"].nunique() == k
        assert at[seed] == adjusted_rand_score(mine["task"], mine["cluster"]) >= worst[seed]
        assert (scores.loc[scores["seed"] == seed, "n"] == k).all()
        assert sizes.loc[sizes["seed"] == seed, "size"].tolist() == np.bincount(mine["cluster"]).tolist()
    assert at.mean() > 0.5


def test_the_range_of_k_is_that_about_either_number(folder: Path) -> None:
    scores = found_in(folder).table("scores")
    at, worst = agreements(scores, "abs_cos, spectral", LEARNED)
    mine = scores[(scores["what"] == "ari") & (scores["part"] == "abs_cos, spectral") & (scores["seed"] == 0)]
    learned = scores[(scores["what"] == "learned tasks") & (scores["part"] == "in the sample")]
    n = int(learned.set_index("seed").loc[0, "estimate"])
    by_k = mine.set_index("k")["estimate"]
    assert at[0] == by_k[n]
    assert worst[0] == by_k[[k for k in by_k.index if 0.7 * n <= k <= 1.5 * n]].min()
    assert ks_about(10, 4) == [3, 4, 5, 6, *range(7, 16)]


def test_an_example_is_of_a_loss_and_a_gradient_that_are_the_network_s(folder: Path) -> None:
    plan = planned(folder)
    run = min(plan.runs, key=lambda run: int(run.config["seed"]))
    (weights,) = kept_weights([run], shard="a", cache=folder / "cache", code="1").values()
    network = network_of(run.config, weights[700])
    curves, _ = train_shard([run], shard="a", cache=folder / "cache", code="1")
    last = curves[curves["step"] == 700].set_index("split")["value"]
    np.testing.assert_allclose(network.losses, [last[f"task_{k}"] for k in range(1, 13)], rtol=1e-5)

    samples = draw(network, 50, 0.1)
    assert ((samples.tasks >= 0) & (samples.tasks < 12)).all()
    np.testing.assert_array_equal(samples.learned, network.losses[samples.tasks] < 0.1)
    x, y = (torch.from_numpy(part[0, :9]) for part in tasks["sparse_parity"].open([run.config]).batch(3))
    chosen = subsets(run.config)[x[:, -1].int()]
    assert y.tolist() == [int(row[bits].sum()) % 2 for row, bits in zip(x.numpy(), chosen, strict=True)]
    for one, label in zip(x.double(), y, strict=True):
        loss = cross_entropy(logits_of_one(network.weights, one)[None], label[None])
        assert log_of_loss(network.weights, one, label).item() == pytest.approx(math.log(loss.item()))


def test_the_report_has_a_row_for_each_network_and_method(folder: Path) -> None:
    block = planned(folder).study.content.analyses.of("known_quanta")["networks"]
    section = known_of("networks", block, found_in(folder))
    assert [row[0] for row in section.networks] == ["0", "1", "2"]
    assert {len(row) for row in section.networks} == {len(NETWORK_COLUMNS)}
    assert len(section.methods) == 9
    assert {len(row) for row in section.methods} == {len(METHOD_COLUMNS)}


def test_the_figure_holds_every_k_and_size(folder: Path, tmp_path: Path) -> None:
    content = planned(folder).study.content
    draw_figure(content.figures[0], folder, content, tmp_path)
    data = pd.read_csv(tmp_path / "quanta_agreement.csv")
    assert set(data["of"]) == {"agreement", "task", "cluster"}
    assert data.loc[data["of"] == "task"].groupby("seed")["size"].sum().tolist() == [300.0] * 3
    assert (tmp_path / "quanta_agreement.png").stat().st_size > 10_000


def test_quantities_are_means_over_networks(folder: Path) -> None:
    results = found_in(folder)
    at, worst = agreements(results.table("scores"), "abs_cos, score linkage")
    runs = pd.DataFrame({"seed": [0, 1, 2]})
    assert quantities["quanta_agreement"].compute(results, runs) == mean_over_networks(at)
    assert quantities["quanta_agreement"].compute(results, runs[:2]) == mean_over_networks(at[:2])
    assert quantities["quanta_worst_agreement"].compute(results, runs) == mean_over_networks(worst)
    gain, low, high, n = quantities["quanta_affinity_gain"].compute(results, runs)
    assert low < gain < high
    assert n == 3
    assert gain <= at.mean() + 0.1


def test_a_claim_says_which_of_several_analyses_it_is_about() -> None:
    quantity = quantities["quanta_agreement"]
    assert analysis_of(quantity, {"networks": 1}, None) == "networks"
    assert analysis_of(quantity, {"networks": 1, "others": 2}, "others") == "others"
    with pytest.raises(LawbookError, match="no known_quanta; add it under analyses"):
        analysis_of(quantity, {}, None)
    with pytest.raises(LawbookError, match="several known_quanta; add analysis: one of networks, others"):
        analysis_of(quantity, {"networks": 1, "others": 2}, None)
    with pytest.raises(LawbookError, match="no known_quanta 'other'; did you mean 'others'"):
        analysis_of(quantity, {"networks": 1, "others": 2}, "other")


def test_one_network_has_no_interval() -> None:
    mean, low, high, n = mean_over_networks(pd.Series([0.5]))
    assert (mean, n) == (0.5, 1)
    assert math.isnan(low)
    assert math.isnan(high)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "name: sparse_parity, n_tasks: 12, n_bits: 12, subset_size: 2, alpha: 0.4",
            "name: digits",
            "not known",
        ),
        ("{sweep: networks, samples", "{sweep: network, samples", "no such sweep"),
        (
            "{axes: {seed: [0, 1, 2]}}",
            "{axes: {seed: [0], learning_rate: [0.1, 0.2]}}",
            "differ in learning_rate",
        ),
        ("samples: 300", "samples: 9000", "less than or equal to 5000"),
    ],
)
def test_a_study_that_cannot_be_is_told(tmp_path: Path, old: str, new: str, said: str) -> None:
    text = STUDY.replace(old, new)
    if "digits" in new:
        text = text.replace("parity_mlp", "mlp")
    with pytest.raises(StudyError, match=said):
        planned(tmp_path, text)


def test_figures_of_a_text_are_none_of_known_tasks(tmp_path: Path) -> None:
    content = planned(tmp_path, STUDY.replace("[quanta_agreement]", "[rank_frequency]")).study.content
    with pytest.raises(LawbookError, match="the study has no text quanta"):
        check_figure(content.figures[0], content)


def test_networks_without_quanta_to_find_are_told(folder: Path) -> None:
    plan = planned(folder)
    run = min(plan.runs, key=lambda run: int(run.config["seed"]))
    (weights,) = kept_weights([run], shard="a", cache=folder / "cache", code="1").values()
    network = network_of(run.config | {"dtype": "float64"}, {n: w.double() for n, w in weights[700].items()})
    np.testing.assert_allclose(network.losses, network_of(run.config, weights[700]).losses, rtol=1e-5)
    with pytest.raises(LawbookError, match=r"3 examples of .* raise samples"):
        draw(network, 3, 0.1)
    with pytest.raises(LawbookError, match="of seed 0 has diverged"):
        draw(replace(network, losses=np.full(12, np.nan)), 50, 0.1)


def test_too_few_examples_of_so_small_a_loss(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(folder)
    run = plan.runs[0]
    (weights,) = kept_weights([run], shard="a", cache=folder / "cache", code="1").values()
    monkeypatch.setattr("lawbook.analyses.known_quanta.compute._LOOKS", 2)
    with pytest.raises(LawbookError, match=r"loss_below = 1e-12.*512 examples 0 have so small a loss"):
        draw(network_of(run.config, weights[700]), 50, 1e-12)
