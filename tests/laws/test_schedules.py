"""Schedules as tables have them: names by words, warm-ups without a loss, late beginnings, one of them held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import fit, laws
from lawbook.laws.heldout_schedule import hold_out_schedule
from lawbook.laws.note import codes_of

X = ["schedule", "step", "learning_rate"]
TRUTH = np.array([2.0, 0.5, 1.0, 0.5, 300.0])  # L0, A, C, α, memory


def table(warm_up: int = 0, seen_from: int = 0) -> pd.DataFrame:
    """Return three schedules with a warm-up, their loss unknown before a step."""
    step = np.arange(100, 6001, 100.0)
    share = np.clip((step - warm_up) / (6000 - warm_up), 0, 1)
    rates = {
        "constant": np.full(len(step), 1e-3),
        "cosine": 1e-4 + 4.5e-4 * (1 + np.cos(np.pi * share)),
        "step": np.where(share <= 0.5, 1e-3, 2e-4),
    }
    parts = []
    for i, (name, rate) in enumerate(rates.items()):
        rate = rate * np.minimum(step / max(warm_up, 1), 1)
        parts.append(pd.DataFrame({"label": float(i), "schedule": name, "step": step, "learning_rate": rate}))
    rows = pd.concat(parts, ignore_index=True)
    x = rows[["label", "step", "learning_rate"]].to_numpy()
    loss = np.exp(laws["annealing"].log_predict(x, TRUTH))
    rng = np.random.default_rng(0)
    rows["loss"] = loss * np.exp(1e-4 * rng.standard_normal(len(loss)))
    rows.loc[rows["step"] < seen_from, "loss"] = np.nan
    return rows.drop(columns="label")


def test_schedules_may_be_named_by_words() -> None:
    words = table()
    fitted = fit(words, "annealing", y="loss", x=X, cluster=None, draws=40)
    numbered = words.assign(schedule=words["schedule"].map({"constant": 0, "cosine": 1, "step": 2}))
    assert fitted.parameters == pytest.approx(
        fit(numbered, "annealing", y="loss", x=X, cluster=None, draws=40).parameters
    )
    note = next(note for note in fitted.notes if note.code == "schedule_names")
    assert note.details["names"] == ["constant", "cosine", "step"]
    by_name, by_number = fitted.predict(words, interval=None), fitted.predict(numbered, interval=None)
    pd.testing.assert_frame_equal(by_name, by_number)
    with pytest.raises(LawbookError, match="schedule = 'linear' is none of the fit's"):
        fitted.predict(words.assign(schedule="linear"))


def test_a_warm_up_without_loss_is_history() -> None:
    fitted = fit(table(2000, 2100), "annealing", y="loss", x=X, cluster=None, draws=40)
    assert fitted.estimates["alpha"].value == pytest.approx(0.5, abs=0.01)
    assert {"history_rows"} <= codes_of(fitted.notes)
    assert "late_start" not in codes_of(fitted.notes)
    assert fitted.n_points == 3 * 40


def test_a_first_row_far_from_the_beginning_is_warned_of() -> None:
    late = table(2000, 2100).dropna()
    fitted = fit(late, "annealing", y="loss", x=X, cluster=None, draws=40)
    assert "late_start" in codes_of(fitted.notes)
    assert abs(fitted.estimates["alpha"].value - 0.5) > 0.05


@pytest.mark.parametrize("law", ["annealing", "multi_power"])
def test_a_named_schedule_can_be_held_out(law: str) -> None:
    found = hold_out_schedule(table(1000), law, "cosine", y="loss", x=X, cluster=None, draws=20)
    assert len(found.table) == 60
    assert found.fit.n_points == 120
    if law == "annealing":
        assert found.r2 > 0.999
        assert found.mae < 1e-3
    assert found.r2 > 0.9


def test_the_held_out_schedule_is_judged_by_the_definitions() -> None:
    found = hold_out_schedule(table(), "annealing", "step", y="loss", x=X, cluster=None, draws=20)
    y, estimate = found.table["loss"], found.table["estimate"]
    assert found.mae == pytest.approx((y - estimate).abs().mean())
    assert found.r2 == pytest.approx(1 - ((y - estimate) ** 2).sum() / ((y - y.mean()) ** 2).sum())


def test_what_cannot_be_held_out_is_said() -> None:
    with pytest.raises(LawbookError, match="did you mean 'cosine'"):
        hold_out_schedule(table(), "annealing", "cosin", y="loss", x=X)
    with pytest.raises(LawbookError, match="reads no schedule"):
        hold_out_schedule(table(), "learning_rate_valley", "cosine", y="loss", x=X)


def test_a_diverged_row_is_no_warm_up() -> None:
    rows = table().assign(status="ok")
    rows.loc[5, ["loss", "status"]] = [np.nan, "diverged"]
    with pytest.raises(LawbookError, match="reads each schedule from its rows"):
        fit(rows, "annealing", y="loss", x=X, cluster=None, draws=20)
