"""A suggestion in a study: runs that the pool holds and the budget pays, and a sweep that makes exactly these."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.analyses import planted

from lawbook.analyses import Inputs, compute_analysis
from lawbook.analyses.suggest.answer import answer
from lawbook.analyses.suggest.block import TABLES
from lawbook.analyses.suggest.compute import suggestion_tables
from lawbook.analyses.suggest.notices import notices
from lawbook.analyses.suggest.pool import pool_of
from lawbook.analyses.suggest.section import suggested
from lawbook.errors import LawbookError
from lawbook.report.figures import draw_figure
from lawbook.results.from_table import import_table
from lawbook.results.reader import Results
from lawbook.storage.tables import write_table
from lawbook.studies.figure_block import FigureBlock
from lawbook.studies.plan import Plan, make_plan
from lawbook.studies.study import load_study

TRAINED = """
title: Runs of two axes
question: Which runs come next?
task: {name: digits}
model: {name: mlp, depth: 1}
training: {steps: 50}
sweeps:
  sizes:
    set: {activation: tanh}
    axes: {samples: {log2: [8, 1024]}, width: [8], seed: {count: 2}}
analyses:
  suggest:
    next:
      sweep: sizes
      y: test_loss
      x: samples
      target: {samples: 1297}
      pool: {samples: {union: [{log2: [8, 1024]}, [1297]]}, width: [8], seed: {count: 3}}
      budget: 1e8
"""


@pytest.fixture(scope="module")
def table_study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Plan, dict[str, pd.DataFrame]]:
    """Return a study of a table whose sizes are written as 10M, and the tables of its suggestion."""
    plan = planted.plan(tmp_path_factory.mktemp("planted"))
    runs, _ = import_table(plan)
    return plan, compute_analysis("suggest", "next", Inputs(plan, SimpleNamespace(runs=runs)))


def trained_plan(folder: Path, text: str = TRAINED) -> Plan:
    (folder / "trained.yaml").write_text(text)
    return make_plan(load_study(folder / "trained.yaml"))


def runs_of(plan: Plan) -> pd.DataFrame:
    """Return the planned runs with a loss under a known law."""
    runs, rng = plan.table(), np.random.default_rng(0)
    loss = 0.3 + 9 / runs["samples"] ** 0.6
    return runs.assign(test_loss=loss * np.exp(0.01 * rng.standard_normal(len(runs))), status="ok")


def test_runs_of_the_pool_are_chosen_within_the_budget_and_sharpen_the_prediction(table_study) -> None:
    plan, tables = table_study
    runs, choice = tables["next_runs"], tables["choice"].iloc[0]
    asked = pd.DataFrame([json.loads(text) for text in runs["run"]])
    assert len(runs) > 2
    assert runs["cost"].to_numpy() == pytest.approx((6 * asked["N"] * asked["D"]).to_numpy())
    assert runs["cumulative_cost"].to_numpy() == pytest.approx(runs["cost"].cumsum().to_numpy())
    assert choice["spent"] == runs["cumulative_cost"].iloc[-1] <= 3e20
    assert choice["after"] < 0.8 * choice["now"]
    assert choice["n_pool"] == 49
    # The expectation is no boast: what is suggested lies nearer to the target than what is made.
    assert (6 * asked["N"] * asked["D"]).max() > planted.CHEAP
    sweep = yaml.safe_load(tables["sweep"]["text"].iloc[0])["suggested"]
    assert sweep["axes"] == {"N": asked["N"].tolist(), "D": asked["D"].tolist()}
    assert plan.roles["N"] == "size"


def test_the_page_has_the_answer_the_runs_the_sweep_and_a_figure(table_study, tmp_path: Path) -> None:
    plan, tables = table_study
    for name, columns in TABLES.items():
        write_table(tables[name], tmp_path / f"suggest/next/{name}.parquet", columns)
    content, results = plan.study.content, Results(tmp_path)
    (said,) = answer(content, results)
    assert said.startswith(f"the next {len(tables['next_runs'])} runs cost ")
    assert "expected to narrow loss at the target from ± " in said
    assert list(notices(content, results)) == []
    shown = suggested("next", content.analyses.of("suggest")["next"], results.analysis("suggest", "next"))
    assert shown.columns[1:3] == ("N", "D")
    assert len(shown.rows) == len(tables["next_runs"])
    assert "of which" not in shown.about[0]
    assert shown.sweep == tables["sweep"]["text"].iloc[0]
    draw_figure(FigureBlock(kind="next_runs"), tmp_path, content, tmp_path)
    data = pd.read_csv(tmp_path / "next_runs.csv")
    assert (data["part"] == "chosen").sum() == (data["part"] == "expected").sum() == len(tables["next_runs"])


def test_the_pasted_sweep_plans_exactly_the_runs_that_are_made_and_those_suggested(tmp_path: Path) -> None:
    plan = trained_plan(tmp_path)
    block = plan.study.content.analyses.of("suggest")["next"]
    tables = suggestion_tables(block, runs_of(plan), plan.study)
    asked = [json.loads(text) for text in tables["next_runs"]["run"]]
    assert len(asked) > 2
    assert tables["choice"]["n_made"].iloc[0] == len(plan.runs)
    text = tables["sweep"]["text"].iloc[0]
    head, rest = TRAINED.split("  sizes:\n")
    pasted = trained_plan(tmp_path, head + text + "analyses:" + rest.split("analyses:")[1])
    made = {run.run_id for run in plan.runs}
    new = [run.config for run in pasted.runs if run.run_id not in made]
    assert made < {run.run_id for run in pasted.runs}
    said = [{axis: config[axis] for axis in ("samples", "width", "seed")} for config in new]
    assert sorted(map(str, asked)) == sorted(map(str, said))
    assert {config["activation"] for config in new} == {"tanh"}
    # Once they are made, what is left of the pool is dearer or nothing.
    again = suggestion_tables(block.model_copy(update={"budget": 1.0}), runs_of(pasted), pasted.study)
    assert again["choice"]["n_made"].iloc[0] == len(pasted.runs)
    assert again["next_runs"].empty
    assert "the cheapest run left costs" in again["choice"]["nothing"].iloc[0]


def test_without_a_law_runs_are_drawn_and_it_is_said(tmp_path: Path) -> None:
    plan = planted.plan(tmp_path)
    block = plan.study.content.analyses.of("suggest")["next"]
    tables = suggestion_tables(block, planted.runs().head(4), plan.study)
    assert "too few" in tables["choice"]["fallback"].iloc[0]
    assert tables["next_runs"]["half_width"].isna().all()
    assert len(tables["next_runs"]) > 0


def test_a_pool_is_what_the_sweep_fixes_and_where_selects(tmp_path: Path) -> None:
    text = TRAINED.replace("      x: samples", "      where: {samples: [8, 16]}\n      x: samples")
    plan = trained_plan(tmp_path, text.replace("seed: {count: 3}}", "seed: {count: 3}, batch_size: [4]}"))
    table = pool_of(plan.study.content.analyses.of("suggest")["next"], plan.study).table
    assert sorted(table["samples"].unique()) == [8, 16]
    assert table["activation"].unique().tolist() == ["tanh"]
    assert table["samples_seen"].unique().tolist() == [4 * 50]
    assert table["n_params"].unique().tolist() == [64 * 8 + 8 + 8 * 10 + 10]


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("cost: 6*N*D", "cost: 6*N*E", "analyses.suggest.next: "),
        ("cost: 6*N*D", "cost: N - 1e8", "is not above 0"),
        ("N: {log10: [1.0e+7, 1.0e+10, 7]}, ", "", "its runs have no N, which is an x"),
        ("N: {log10: [1.0e+7, 1.0e+10, 7]}", "N: [many]", "many"),
        ("1.0e+10, 7]", "1.0e+10, 7000]", "keep it below 4,000"),
    ],
)
def test_a_mistaken_pool_or_cost_is_told_when_it_is_planned(
    tmp_path: Path, written: str, instead: str, said: str
) -> None:
    with pytest.raises(LawbookError, match=said) as told:
        planted.plan(tmp_path, planted.STUDY.replace(written, instead, 1))
    assert "planted.yaml: analyses.suggest.next" in str(told.value)
