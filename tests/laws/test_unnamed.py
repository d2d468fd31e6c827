"""Columns that nobody named: settings among the rows of one x are no repeats, and true repeats are no settings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.laws.tables import curve, joint_table

from lawbook.laws import Fit, compare, fit
from lawbook.laws.note import Note, Severity

JOINT = {"y": "loss", "x": ["N", "D"], "draws": 40}


def told(fitted: Fit) -> Note | None:
    return next((note for note in fitted.notes if note.code == "unnamed_column"), None)


def with_setting(
    name: str, effects: dict[object, float], noise: float = 0.002, seed: int = 0, sizes: int = 5
) -> pd.DataFrame:
    """Return the joint table once for each value of a column that changes the loss by a factor."""
    parts = [
        joint_table(noise, seed=seed + i, sizes=sizes)
        .assign(**{name: value})
        .assign(loss=lambda t, by=by: t.loss * by)
        for i, (value, by) in enumerate(effects.items())
    ]
    return pd.concat(parts, ignore_index=True)


def test_data_sets_at_the_same_places_are_no_repeats() -> None:
    fitted = fit(with_setting("dataset", {"web": 1.0, "code": 0.6}), "chinchilla", **JOINT)
    first = fitted.notes[0]
    assert fitted.status == "refused"
    assert (first.code, first.severity, first.details["columns"]) == (
        "unnamed_column",
        "refusal",
        ["dataset"],
    )
    for way in ("--where dataset=web", "--by dataset", "--best-over dataset", "(--x)"):
        assert way in first.message


def test_a_swept_rate_is_named_as_a_choice() -> None:
    effects = {lr: 1 + 0.06 * np.log10(lr / 1e-3) ** 2 for lr in (1e-4, 1e-3, 1e-2, 1e-1)}
    fitted = fit(with_setting("lr", effects, noise=0.001), "chinchilla", **JOINT)
    assert fitted.status == "refused"
    assert told(fitted).details["columns"] == ["lr"]  # type: ignore[union-attr]
    assert "the best of each x (--best-over lr)" in fitted.reason


def test_a_rate_whose_best_value_moves_with_size_is_seen_by_its_slope() -> None:
    table = with_setting("lr", dict.fromkeys((0.0001, 0.001, 0.01), 1.0), noise=0.001)
    best = -3 - 0.5 * np.log10(table["N"] / 1e8)
    table["loss"] *= 1 + 0.05 * (np.log10(table["lr"]) - best) ** 2
    note = told(fit(table, "chinchilla", **JOINT))
    assert note is not None
    assert note.severity == Severity.REFUSAL


def test_data_sets_at_places_of_their_own_are_seen_in_the_residuals() -> None:
    table = with_setting("dataset", {"web": 1.0, "code": 0.6})
    table.loc[table["dataset"] == "code", "N"] *= 1.7
    fitted = fit(table, "chinchilla", **JOINT)
    assert fitted.status == "refused"
    assert fitted.notes[0].details["columns"] == ["dataset"]
    assert fitted.notes[0].severity == Severity.REFUSAL


def test_compare_refuses_as_a_single_law_does() -> None:
    table = with_setting("optimizer", {"adam": 1.0, "sgd": 1.2})
    found = compare(table, ["chinchilla", "kaplan"], **JOINT)
    assert {fitted.status.value for name, fitted in found.fits.items() if name != "power"} == {"refused"}
    assert found.preferred == "undecided"


def test_columns_that_split_the_rows_alike_are_named_together() -> None:
    table = with_setting("dataset", {"web": 1.0, "code": 0.8})
    table["tokenizer"] = table["dataset"].map({"web": "a", "code": "b"})
    note = told(fit(table, "chinchilla", **JOINT))
    assert note is not None
    assert note.details["columns"] == ["dataset", "tokenizer"]


def test_an_effect_of_less_than_half_of_the_differences_warns() -> None:
    fitted = fit(
        with_setting("dataset", {"web": 1.0, "code": 1.01}, noise=0.01, sizes=15), "chinchilla", **JOINT
    )
    note = told(fitted)
    assert note is not None
    assert note.severity == Severity.WARNING
    assert fitted.status == "ok"
    assert fitted.notes[0] == note


def test_unnamed_repeats_with_levels_of_their_own_are_asked_for_and_not_refused() -> None:
    table = with_setting("initialisation", {0: 1.0, 1: 1.02, 2: 0.98, 3: 1.01})
    note = told(fit(table, "chinchilla", **JOINT))
    assert note is not None
    assert note.severity == Severity.WARNING
    assert "--cluster initialisation" in note.message


@pytest.mark.parametrize("trial", range(10))
def test_what_changes_nothing_is_not_named(trial: int) -> None:
    rng = np.random.default_rng(trial)
    table = joint_table(0.01, repeats=3, seed=trial)
    n = len(table)
    table["host"] = rng.choice(["a", "b", "c"], n)
    table["precision"] = rng.choice([16, 32], n)
    table["wall_time"] = rng.lognormal(size=n)
    table["train_loss"] = table["loss"] * np.exp(0.001 * rng.standard_normal(n))
    table["accuracy"] = (0.9 - 0.2 * np.log(table["loss"])).round(2)
    table["run_name"] = [f"run-{i}" for i in range(n)]
    fitted = fit(table, "chinchilla", **JOINT)
    assert told(fitted) is None
    assert fitted.status == "ok"


def test_a_column_that_goes_with_the_size_is_no_setting_of_its_own() -> None:
    table = joint_table(0.003, sizes=9)
    table["layers"] = np.digitize(table["N"], [3e7, 1e8, 3e8])
    assert told(fit(table, "chinchilla", **JOINT)) is None


def test_seeds_with_levels_of_their_own_do_not_make_their_host_a_setting() -> None:
    parts = [curve(noise=0.003, seed=s).assign(seed=s) for s in range(6)]
    level = 0.02 * np.random.default_rng(5).standard_normal(6)
    table = pd.concat([part.assign(y=part.y * np.exp(level[s])) for s, part in enumerate(parts)])
    table["host"] = np.where(table["seed"] < 3, "a", "b")
    fitted = fit(table.reset_index(drop=True), "power", y="y", x="x", draws=40)
    assert told(fitted) is None
