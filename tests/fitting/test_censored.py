"""A law of a study over a derived column that some runs have by a bound alone."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.laws.note import codes_of, notes_from_json
from lawbook.report.figures import draw_figure
from lawbook.results.selection import taken
from lawbook.storage.tables import write_table
from lawbook.studies import load_study, make_plan
from lawbook.studies.columns_block import bounded
from lawbook.studies.figure_block import FigureBlock

STUDY = """
title: Grokking
question: How much later is the rule known than the table?
task: {name: digits}
model: {name: mlp}
training: {steps: 1000}
sweeps:
  rates: {axes: {learning_rate: {log10: [0.001, 0.1, 7]}, width: [8, 16], seed: {count: 10}}}
columns:
  memorised: {first: step, train_error: {at_most: 0.01}}
  understood: {first: step, test_error: {at_most: 0.01}}
  lag: {ratio: [understood, memorised]}
laws:
  lag_by_rate: {sweep: rates, y: lag, x: learning_rate, by: [width], compare: [power, power_floor]}
  memorised_by_rate: {sweep: rates, y: memorised, x: learning_rate, where: {width: 8}}
"""
ALPHA = 0.6


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the study's content, and runs whose lag is 2 η^-0.6, known up to 30 where the width is 8."""
    folder = tmp_path_factory.mktemp("grokking")
    (folder / "grokking.yaml").write_text(STUDY)
    plan = make_plan(load_study(folder / "grokking.yaml"))
    runs = plan.table().drop(columns=["bytes", "predicted_s", "shard"])
    rng = np.random.default_rng(0)
    lag = 2 * runs["learning_rate"] ** -ALPHA * np.exp(0.2 * rng.standard_normal(len(runs)))
    memorised = 10 * np.exp(0.1 * rng.standard_normal(len(runs)))
    last = np.where(runs["width"] == 8, 300.0, 1e9)
    seen = lag * memorised <= last
    runs = runs.assign(
        memorised=memorised, memorised_low=memorised / 1.1, memorised_high=memorised,
        understood=(lag * memorised).where(seen), understood_low=np.where(seen, lag * memorised / 1.1, last),
        understood_high=(lag * memorised).where(seen), lag=lag.where(seen),
        lag_low=np.where(seen, lag / 1.1, last / memorised), lag_high=lag.where(seen) * 1.1, status="ok",
        n_train=64, n_unique=64,
    )  # fmt: skip
    write_table(runs, folder / "runs.parquet", roles=plan.roles)
    content = plan.study.content
    for kind, table in fit_study(content.laws, runs, bounded=bounded(content.columns), draws=100).items():
        write_table(table, folder / f"{kind}.parquet", kind)
    return content, runs, folder


def test_each_group_is_fitted_by_what_it_knows(study):
    content, runs, folder = study
    fits = pd.read_parquet(folder / "fits.parquet")
    alpha = fits[(fits["form"] == "power") & (fits["parameter"] == "alpha")].set_index(["law", "group"])
    censored, whole = (alpha.loc[("lag_by_rate", f"width={width}")] for width in (8, 16))
    assert (censored["status"], whole["status"]) == ("ok", "ok")
    assert censored["n_censored"] == runs.loc[runs["width"] == 8, "lag"].isna().sum() > 15
    assert whole["n_censored"] == 0
    for row in (censored, whole):
        assert row["low"] < ALPHA < row["high"]
        assert row["n_runs"] == 70
    assert "censored" in codes_of(notes_from_json(censored["notes"]))
    assert censored["preferred"] == "undecided"
    assert "censored" not in codes_of(notes_from_json(alpha.loc[("memorised_by_rate", ""), "notes"]))
    assert len(taken(content.laws["lag_by_rate"], runs, bounded(content.columns))) == 140
    assert len(taken(content.laws["lag_by_rate"], runs)) == runs["lag"].notna().sum()


def test_without_a_word_on_bounds_the_rows_are_named_as_missing(study):
    content, runs, _ = study
    fits = fit_study({"lag": content.laws["lag_by_rate"]}, runs, draws=20)["fits"]
    assert fits.loc[fits["group"] == "width=8", "notes"].str.contains("rows have no finite lag").all()


def test_the_points_tell_bounds_from_values(study):
    content, _, folder = study
    points = pd.read_parquet(folder / "points.parquet")
    points = points[(points["group"] == "width=8") & (points["form"] == "power")]
    censored = points[points["censored"]]
    assert (censored["low"] == censored["y"]).all()
    assert censored["high"].isna().all()
    draw_figure(FigureBlock(kind="law", of="lag_by_rate"), folder, content, folder)
    data = pd.read_csv(folder / "law_lag_by_rate.csv")
    assert len(data.query("part == 'points' and censored")) == len(censored)


def test_the_sensitivity_of_a_censored_fit(study):
    content, runs, _ = study
    laws = {"lag": content.laws["lag_by_rate"].model_copy(update={"by": [], "where": {"width": 8}})}
    panel = sensitivity(laws, runs, bounded=bounded(content.columns), draws=30).set_index("choice")
    assert list(panel.index) == ["as fitted", "without smallest x", "without largest x", "with floor"]
    assert panel["estimate"].between(ALPHA - 0.15, ALPHA + 0.15).all()
