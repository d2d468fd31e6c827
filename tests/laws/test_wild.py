"""The tables from the wild that concern a fit, each against its right answer; skipped where they are not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import Fit, compare, fit
from lawbook.laws.frontier import frontier
from lawbook.laws.heldout_schedule import hold_out_schedule
from lawbook.laws.note import codes_of
from lawbook.storage.user_table import read_source

WILD = Path(os.environ.get("LAWBOOK_DATA", Path(__file__).parents[3] / "shared" / "data")) / "wild"

pytestmark = pytest.mark.skipif(not WILD.exists(), reason=f"no tables in {WILD}: set LAWBOOK_DATA")

JOINT = {"y": "loss", "x": ["N", "D"], "draws": 200}
SCHEDULES = {"y": "loss", "x": ["schedule", "step", "learning_rate"], "cluster": None, "draws": 40}


def table(name: str) -> pd.DataFrame:
    return read_source(WILD / f"{name}.csv").table


def contains(fitted: Fit, name: str, value: float) -> bool:
    return bool(fitted.estimates[name].low < value < fitted.estimates[name].high)


@pytest.mark.parametrize("name", ["groups", "groups2", "lrsweep"])
def test_settings_that_nobody_named_refuse_the_fit_at_its_head(name: str) -> None:
    fitted = fit(table(name), "chinchilla", **JOINT)
    column = "lr" if name == "lrsweep" else "dataset"
    assert fitted.status == "refused"
    assert fitted.notes[0].details["columns"] == [column]
    assert f"--where {column}=" in fitted.reason


def test_the_miss_of_two_sets_is_no_fit_without_a_column_either() -> None:
    fitted = fit(table("groups2").drop(columns="dataset"), "chinchilla", **JOINT)
    assert (fitted.status, "misspecified" in codes_of(fitted.notes)) == ("refused", True)


def test_the_best_rate_per_place_is_the_law_that_was_planted() -> None:
    runs = table("lrsweep")
    best = runs.loc[runs.groupby(["N", "D"])["loss"].idxmin()]
    fitted = fit(best.drop(columns="lr"), "chinchilla", **JOINT)
    assert fitted.status == "ok"
    for name, value in {"E": 1.8, "alpha": 0.35, "beta": 0.33}.items():
        assert fitted.estimates[name].value == pytest.approx(value, rel=0.02)


def test_checkpoints_are_resampled_by_run() -> None:
    fitted = fit(table("ckpt"), "chinchilla", **{**JOINT, "draws": 1000})
    alpha = fitted.estimates["alpha"]
    assert (fitted.n_seeds, "runs_as_units" in codes_of(fitted.notes)) == (8, True)
    assert (alpha.low, alpha.high) == (pytest.approx(0.08, abs=0.03), pytest.approx(0.82, abs=0.06))
    unnamed = fit(table("ckpt").drop(columns="run_name"), "chinchilla", **JOINT)
    assert "autocorrelated" in codes_of(unnamed.notes)


def test_a_bound_is_no_answer() -> None:
    fitted = fit(table("bound"), "chinchilla", **JOINT)
    assert fitted.status == "not_identified"
    assert np.isnan(fitted.estimates["beta"].low)
    valley = fit(table("valley"), "learning_rate_valley", y="loss", x=["N", "D", "lr"], draws=40)
    a = valley.estimates["a"]
    assert (valley.status, contains(valley, "a", -3)) == ("ok", True)
    assert a.value == pytest.approx(-3, abs=0.1)


@pytest.mark.parametrize("name", ["noseed", "seed42"])
@pytest.mark.parametrize("loss", [("huber", 1e6), ("huber", 10.0), ("least_squares", None)])
def test_huber_far_above_the_residuals_compares_as_least_squares(
    name: str, loss: tuple[str, float | None]
) -> None:
    found = compare(
        table(name),
        ["power", "power_floor"],
        y="loss",
        x="N",
        holdout=2,
        loss=loss[0],
        delta=loss[1],
        draws=60,
    )
    assert found.preferred == "power_floor"
    assert found.table["delta_bic"].max() == pytest.approx(62.9, abs=0.05)
    assert found.fits["power_floor"].n_seeds == 12


def test_a_warm_up_is_warned_of_and_can_be_given() -> None:
    late = table("warm")
    assert "late_start" in codes_of(fit(late, "annealing", **SCHEDULES).notes)
    steps = np.arange(50.0, 2000.0, 50.0)
    told = [
        pd.DataFrame(
            {"schedule": name, "step": steps, "learning_rate": 1e-3 * (steps - 25) / 2000, "loss": np.nan}
        )
        for name in late["schedule"].unique()
    ]
    fitted = fit(pd.concat([*told, late], ignore_index=True), "annealing", **SCHEDULES)
    assert "late_start" not in codes_of(fitted.notes)
    assert fitted.estimates["alpha"].value == pytest.approx(0.5, abs=0.02)


def test_schedules_by_words_are_read_and_one_is_predicted_from_the_other() -> None:
    fitted = fit(table("sched"), "annealing", **SCHEDULES)
    assert fitted.estimates["alpha"].value == pytest.approx(0.5, abs=1e-3)
    held = hold_out_schedule(table("sched"), "annealing", "const", **SCHEDULES)
    assert held.r2 > 0.999
    assert held.mae < 0.001


def test_rounded_budgets_give_the_frontier_asked_for_or_not() -> None:
    runs = table("isoflop_rounded")
    how = {"y": "loss", "size": "N", "cluster": None, "method": "parabola"}
    exact = frontier(runs, compute="budget", **how)
    found = frontier(runs, compute="flops", **how)
    asked = frontier(runs, compute="flops", budgets=runs["budget"].unique(), **how)
    for each in (found, asked):
        np.testing.assert_allclose(each.table["size"], exact.table["size"], rtol=1e-3)
        assert each.exponents["size"].low < 0.28 / 0.62 < each.exponents["size"].high
    assert frontier(runs, compute="flops", budgets=6e18, **how).status == "ok"


def test_a_long_curve_is_answered() -> None:
    fitted = fit(table("long_curve"), "power_floor", y="Value", x="Step", draws=40)
    assert fitted.n_points == 10_000
    assert contains(fitted, "alpha", 0.3)


def test_a_spike_is_named_by_its_row() -> None:
    fitted = fit(table("spike"), "power", y="y", x="samples", draws=1000)
    note = next(note for note in fitted.notes if note.code == "outlier")
    assert note.details["rows"] == [12]
    assert contains(fitted, "alpha", 0.5)
