"""Tasks learned at planted steps are found again: in the quantities, the figures, the exponents and the claims."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from lawbook.analyses.staged_learning.compute import (
    staircase_ratios,
    steps_to_learn,
    task_losses,
)
from lawbook.analyses.staged_learning.notices import notices
from lawbook.claims.judge import judge_claims
from lawbook.claims.quantities import quantities
from lawbook.errors import LawbookError
from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.report.figures import check_figure, draw_figure
from lawbook.report.headline import headlines
from lawbook.report.notices import warnings_of
from lawbook.results.reader import Results
from lawbook.storage.tables import write_table
from lawbook.studies import make_plan
from lawbook.studies.study import load_study
from lawbook.theory.quanta import frequencies

STUDY = """
title: Planted learners of quanta
question: Are tasks that take 50/p steps found again?
task: {name: sparse_parity, n_tasks: 60}
model: {name: parity_mlp, width: 8}
training: {steps: 6000, evaluations: 40, batch_size: 4}
sweeps:
  steps: {axes: {alpha: [0.4, 0.8], seed: {count: 4}}}
laws:
  loss_by_steps:
    {sweep: steps, y: test_loss, x: step, at: every, range: [200, 6000], by: [alpha], compare: [power],
     exact: [quanta_threshold, quanta_exponential], role: headline}
  learned_by_steps:
    {sweep: steps, y: test_learned_half_bit, x: step, at: every, range: [200, 6000], by: [alpha], compare: [growth],
     exact: quanta_threshold}
figures:
  - {staged_learning: {of: steps, where: {alpha: 0.4}}}
  - {exponents: {of: loss_by_steps, also: {n_tasks: 500}}}
  - {law: loss_by_steps}
claims:
  - {quantity: learning_slope, where: {alpha: 0.4}, expected: -1, within: 0.15, origin: exact, source: planted}
  - {quantity: learning_slope, where: {alpha: 0.4}, expected: -0.5, within: 0.15, origin: exact, source: falsehood}
  - {quantity: staircase_ratio, where: {alpha: 0.4}, expected: 1, within: 0.01, origin: exact, source: planted}
  - {value: loss_by_steps.power.alpha, where: {alpha: 0.4}, exact: quanta_threshold, expected: 0, within: 0.06,
     origin: exact, source: planted}
  - {value: learned_by_steps.growth.gamma, where: {alpha: 0.8}, exact: quanta_threshold, expected: 0.4, within: 0.05,
     origin: exact, source: falsehood}
"""


def curves_of(runs):
    """Task k is learned between two evaluations at about 50/p_k steps, a little otherwise for each seed."""
    steps = np.unique(np.geomspace(1, 6000, 60).round().astype(int))
    rows = []
    for run in runs.to_dict("records"):
        p = frequencies(60, run["alpha"])
        rng = np.random.default_rng([run["seed"], 1])
        times = 50 / p * np.exp(0.1 * rng.standard_normal(60))
        for step in steps:
            each = np.where(step >= times, 0.0, math.log(2))
            values = {("test", "loss"): each @ p, ("test", "error"): each @ p / math.log(4)}
            values |= {
                ("validation", "loss"): each @ p,
                ("test", "learned_half_bit"): float((each == 0).sum()),
            }
            values[("test", "learned_tenth_bit")] = values[("test", "learned_half_bit")]
            values |= {(f"task_{k}", "loss"): loss for k, loss in enumerate(each, start=1)}
            rows += [(run["run_id"], step, 4 * step, *key, float(value)) for key, value in values.items()]
    columns = ["run_id", "step", "samples_seen", "split", "metric", "value"]
    return pd.DataFrame(rows, columns=columns).assign(index=np.nan)


def written(folder):
    """Return the study and its results, all tables written into the folder."""
    (folder / "planted.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study(folder / "planted.yaml")
    plan = make_plan(study)
    runs = plan.table().drop(columns=["bytes", "predicted_s", "shard"])
    curves = curves_of(runs)
    last = curves[(curves["step"] == 6000) & ~curves["split"].str.startswith("task_")]
    finals = last.assign(column=last["split"] + "_" + last["metric"]).pivot_table(
        index="run_id", columns="column", values="value"
    )
    runs = runs.merge(finals.reset_index(), on="run_id").assign(
        status="ok", reason=None, diverged_step=pd.NA, n_train=24_000, n_unique=24_000
    )
    write_table(runs, folder / "runs.parquet", roles=plan.roles)
    write_table(curves, folder / "curves.parquet", "curves")
    content = study.content
    for kind, table in fit_study(content.laws, runs, curves=curves, draws=100).items():
        write_table(table, folder / f"{kind}.parquet", kind)
    panel = sensitivity(content.laws, runs, curves=curves, draws=30)
    write_table(panel, folder / "sensitivity.parquet", "sensitivity")
    write_table(judge_claims(content.claims, folder, content.laws), folder / "claims.parquet", "claims")
    return study, Results(folder)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """The study and its results."""
    return written(tmp_path_factory.mktemp("planted"))


def test_steps_to_learn_lie_between_two_evaluations(planted):
    _, results = planted
    runs = results.runs[results.runs["alpha"] == 0.4]
    times = steps_to_learn(task_losses(results, runs), 0.1)
    assert len(times) == 4 * 60
    p = frequencies(60, 0.4)
    for seed, mine in times.groupby("seed"):
        true = 50 / p * np.exp(0.1 * np.random.default_rng([seed, 1]).standard_normal(60))
        assert ((mine["low"] < true) & (true <= mine["high"])).all()
        lost = np.isinf(mine["high"])
        assert lost.sum() == (true > 6000).sum() > 20
        assert (mine.loc[lost, "low"] == 6000).all()


def test_planted_claims(planted):
    _, results = planted
    assert results.claims["verdict"].tolist() == ["holds", "fails", "holds", "holds", "fails"]


def test_half_learned_tasks_make_the_staircase_differ(planted):
    _, results = planted
    runs = results.runs[results.runs["alpha"] == 0.4]
    losses = task_losses(results, runs)
    assert staircase_ratios(losses, runs, 0.5).tolist() == pytest.approx([1.0] * 4)
    assert staircase_ratios(losses.assign(loss=losses["loss"] + 0.2), runs, 0.1).min() > 1.3


def test_figures_are_drawn_with_their_data(planted, tmp_path):
    study, results = planted
    for block in study.content.figures:
        check_figure(block, study.content, make_plan(study).runs)
        draw_figure(block, results.folder, study.content, tmp_path)
    table = pd.read_csv(tmp_path / "exponents_loss_by_steps.csv").set_index("at")
    assert table.loc[0.4, "quanta_threshold"] == pytest.approx(table.loc[0.4, "estimate"], abs=0.03)
    assert table.loc[0.4, "at infinity"] == pytest.approx(0.4 / 1.4)
    assert table.loc[0.4, "quanta_threshold at n_tasks 500"] < table.loc[0.4, "quanta_threshold"] - 0.02
    drawn = pd.read_csv(tmp_path / "law_loss_by_steps.csv")
    assert set(drawn["curve"].dropna()) == {"quanta_threshold", "quanta_exponential"}
    staged = pd.read_csv(tmp_path / "staged_learning_steps.csv")
    assert (staged["part"] == "steps").sum() == 2 * 4 * 60


def test_the_report_prints_three_numbers_beside_the_measured_one(planted):
    study, results = planted
    rows = {row.name: dict(row.cells) for row in headlines(study.content, results)}
    said = rows["loss by steps, alpha 0.4"]["exact, same range"]
    assert "(quanta threshold)" in said
    assert "(quanta exponential)" in said
    assert said.endswith("0.286 at infinity")


def test_nothing_learned_is_a_warning(planted):
    study, results = planted
    assert list(notices(study.content, results)) == []
    runs = results.runs.assign(test_learned_tenth_bit=[0.0, 0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0])
    assert "nothing_learned" not in [group.kind for group in warnings_of(study.content, results)]
    lost = Results(results.folder)
    lost.__dict__["runs"] = runs
    assert "nothing_learned" in [group.kind for group in warnings_of(study.content, lost)]


def test_too_few_learned_tasks_have_no_slope(planted):
    _, results = planted
    runs = results.runs[results.runs["alpha"] == 0.4]
    some = Results(results.folder)
    curves = results.curves
    some.__dict__["curves"] = curves[curves["step"] <= 300]
    estimate, low, high, n = quantities["learning_slope"].compute(some, runs)
    assert (n, math.isnan(estimate), math.isnan(low), math.isnan(high)) == (4, True, True, True)
    some.__dict__["curves"] = curves[~curves["split"].str.startswith("task_")]
    with pytest.raises(LawbookError, match="no losses of single tasks"):
        quantities["staircase_ratio"].compute(some, runs)


def test_runs_that_differ_in_more_than_their_seed(planted):
    study, results = planted
    with pytest.raises(LawbookError, match="one alpha"):
        quantities["learning_slope"].check(results.runs, results.axes)
    block = study.content.figures[0].model_copy(update={"options": {}})
    with pytest.raises(LawbookError, match="several values of alpha"):
        check_figure(block, study.content, make_plan(study).runs)
