"""Curves under schedules that were not fitted: planted by a law they come out again, on exact losses nearly so."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from tests.analyses.oracle_runs import oracle_runs

from lawbook.analyses.unseen_schedules.block import UnseenSchedulesBlock
from lawbook.analyses.unseen_schedules.compute import LAWS, schedule_tables
from lawbook.analyses.unseen_schedules.quantities.unseen_schedule_error import quantity
from lawbook.analyses.unseen_schedules.section import section
from lawbook.errors import LawbookError, StudyError
from lawbook.laws.forms import laws
from lawbook.schedules import rate_factors
from lawbook.studies import load_study, make_plan

ANNEALING = np.array([1.5, 2.0, 0.02, 0.5, 30.0])
"""L0, A, C, α, memory_steps."""
STUDY = """
title: Schedules
question: Are they predicted?
task: {name: sgd_oracle, modes: 8}
model: {name: linear}
training: {optimizer: sgd, learning_rate: 0.2, steps: 200}
sweeps:
  all: {axes: {schedule: [constant, cosine, linear], seed: {count: 2}}}
  rates: {axes: {schedule: [constant, linear], learning_rate: [0.1, 0.2]}}
analyses: {unseen_schedules: {one: {sweep: all, fitted: [constant, cosine]}}}
"""


def block(**keys: object) -> UnseenSchedulesBlock:
    return UnseenSchedulesBlock.model_validate(
        {"sweep": "all", "fitted": ["constant", "cosine"], "first_step": 20} | keys
    )


def planted(law: str, parameters: np.ndarray, schedules: tuple[str, ...], seeds: int = 2) -> tuple:
    """Return runs of 400 steps at rate 0.3 and their curves under a law, which a seed multiplies by a factor."""
    runs, curves = oracle_runs(
        [
            {"modes": 8, "steps": 400, "batch_size": 4, "learning_rate": 0.3, "schedule": name}
            for name in schedules
        ],
        seeds=seeds,
        evaluations=24,
    )
    for i, name in enumerate(schedules):
        steps = np.arange(1.0, 401)
        x = np.stack([np.full(400, float(i)), steps, 0.3 * rate_factors(name, 0.0, 400)], axis=1)
        loss = np.exp(laws[law].log_predict(x, parameters))
        for seed in range(seeds):
            own = curves["run_id"] == f"{i}-{seed}"
            curves.loc[own, "value"] = loss[curves.loc[own, "step"].to_numpy() - 1] * (1 + 0.01 * seed)
    return runs, curves


def test_a_planted_law_predicts_its_own_curve_and_the_steps_alone_do_not() -> None:
    tables = schedule_tables(block(), *planted("annealing", ANNEALING, ("constant", "cosine", "wsd")))
    judged = tables["judged"].set_index(["schedule", "law"])

    assert set(judged.index.unique("law")) == set(LAWS)
    assert judged.loc[("wsd", "annealing"), "r2"] > 1 - 1e-6
    assert judged.loc[("wsd", "annealing"), "ratio_high"] < 0.02
    assert abs(judged.loc[("wsd", "annealing"), "last"]) < 1e-4
    assert judged.loc[("wsd", "steps"), "last"] > 0.01, "it knows of no fall of the rate"
    assert judged["fitted"].to_dict() == {
        (name, law): int(name != "wsd") for name in ("constant", "cosine", "wsd") for law in LAWS
    }
    found = tables["parameters"].set_index(["law", "parameter"])["value"]["annealing"]
    seen = found[["L0", "A", "alpha"]].to_numpy() / (ANNEALING[[0, 1, 3]] * [1.005, 1.005, 1])
    assert seen == pytest.approx(np.ones(3), rel=1e-3), "of the geometric mean of the seeds"


def test_on_exact_losses_laws_of_the_history_know_what_the_steps_alone_do_not() -> None:
    configs = [
        {
            "modes": 32,
            "steps": 800,
            "batch_size": 4,
            "learning_rate": 0.3,
            "noise_variance": 0.5,
            "schedule": name,
        }
        for name in ("constant", "cosine", "linear")
    ]
    tables = schedule_tables(block(exact="sgd_oracle"), *oracle_runs(configs, evaluations=30))
    linear = tables["judged"].query("schedule == 'linear'").set_index("law")

    assert linear.loc["multi_power", "ratio"] < 0.6
    assert linear.loc["annealing", "ratio"] < 0.6
    assert linear["ratio_low"].isna().all(), "one seed has no interval"
    seen = tables["curves"].query("law == ''")
    assert seen["exact"].to_numpy() == pytest.approx(seen["y"].to_numpy(), rel=1e-12)


def test_a_seed_with_a_lost_run_is_counted_and_in_no_number() -> None:
    runs, curves = planted("annealing", ANNEALING, ("constant", "cosine", "wsd"), seeds=3)
    lost = curves["run_id"].eq("1-2") & (curves["step"] > 100)
    judged = schedule_tables(block(), runs, curves.assign(value=curves["value"].where(~lost)))["judged"]

    assert judged["n_lost"].unique().tolist() == [1]
    assert judged["n_seeds"].unique().tolist() == [2]
    every = curves["run_id"].str.startswith("1-")
    with pytest.raises(LawbookError, match="no seed has a curve under every schedule"):
        schedule_tables(block(), runs, curves.assign(value=curves["value"].where(~every)))
    with pytest.raises(LawbookError, match="no column 'test_error'"):
        schedule_tables(block(y="test_error"), runs, curves)


def test_page_and_claims_tell_what_is_in_the_tables() -> None:
    tables = schedule_tables(block(), *planted("annealing", ANNEALING, ("constant", "cosine", "wsd")))
    results = SimpleNamespace(table=tables.__getitem__, analysis=lambda *_: results)

    value, low, high, n = quantity.compute(
        results, pd.DataFrame(), schedule="wsd", law="annealing", measure="r2"
    )
    assert low <= value <= high <= 1
    assert n == 2
    with pytest.raises(LawbookError, match=r"schedule = 'cosine' is not known; .*wsd"):
        quantity.compute(results, pd.DataFrame(), schedule="cosine")
    (shown,) = section.values({"one": block()}, results)["predictions"]
    assert shown.rows[-1][0] == "wsd" or shown.rows[0][0] == "wsd"
    assert "constant and cosine" in shown.about
    assert len(shown.parameters) == len(LAWS)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (
            ("fitted: [constant, cosine]", "fitted: [constant, cosin]"),
            "no such schedule; did you mean 'cosine'",
        ),
        (("fitted: [constant, cosine]", "fitted: [constant, cosine, linear]"), "no other schedule is left"),
        (
            ("sweep: all, fitted: [constant, cosine]", "sweep: rates, fitted: [constant]"),
            "differ in learning_rate",
        ),
    ],
)
def test_what_cannot_be_predicted_is_one_message(tmp_path, edit: tuple[str, str], said: str) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text(STUDY)
    make_plan(load_study(file))
    file.write_text(STUDY.replace(*edit))
    with pytest.raises(StudyError, match=said):
        make_plan(load_study(file))
