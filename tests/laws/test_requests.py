"""`fit` and `Fit.predict`: what is asked of them, the rows they take, and which rows move together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws import fit, laws

Simulate = Callable[..., pd.DataFrame]


def test_one_place_outside_the_domain_leaves_the_others_their_intervals() -> None:
    x = np.geomspace(1, 100, 12)
    y = 2 * np.log(1e4 / x) * np.exp(0.01 * np.random.default_rng(0).standard_normal(12))
    fitted = fit(pd.DataFrame({"x": x, "y": y}), "logarithmic", y="y", x="x", cluster=None, draws=200)
    alone, beside = fitted.predict([10.0]), fitted.predict([10.0, 1e12])
    assert beside.iloc[1][["estimate", "low", "high"]].isna().all()
    np.testing.assert_allclose(beside.iloc[0], alone.iloc[0])


def test_places_are_refused_in_another_shape() -> None:
    x = np.stack(np.meshgrid([1e6, 1e7, 1e8], [1e8, 1e9, 1e10]), axis=-1).reshape(-1, 2)
    table = pd.DataFrame({"N": x[:, 0], "D": x[:, 1]})
    table["loss"] = 1.8 + 400 / table["N"] ** 0.34 + 400 / table["D"] ** 0.28
    fitted = fit(table, "chinchilla", y="loss", x=["N", "D"], cluster=None, draws=50)
    np.testing.assert_allclose(fitted.predict(table[["D", "N"]])["estimate"], table["loss"], rtol=1e-8)
    for places in (x.T, [1e6, 1e7, 1e8]):
        with pytest.raises(LawbookError, match=r"give \(n, 2\): N, D"):
            fitted.predict(places)


def test_a_schedule_is_read_whole_or_not_at_all() -> None:
    law = laws["annealing"]
    step = np.arange(1.0, 41.0)
    rate = np.where(step <= 20, 1e-2, 1e-3)
    x = np.concatenate([np.column_stack([np.full(40, s), step, r]) for s, r in enumerate((rate, rate[::-1]))])
    table = pd.DataFrame(x, columns=["schedule", "step", "learning_rate"])
    truth = np.array([1.5, 0.3, 0.5, 0.5, 10.0])
    noise = 0.002 * np.random.default_rng(0).standard_normal(len(x))
    table["loss"] = np.exp(law.log_predict(x, truth) + noise)
    given = {"y": "loss", "x": ["schedule", "step", "learning_rate"], "cluster": None, "draws": 100}
    band = fit(table, law, **given).predict(x)
    assert ((band["low"] <= band["estimate"]) & (band["estimate"] <= band["high"])).all()
    table.loc[25, "loss"] = np.nan  # the row tells the rate alone
    assert fit(table, law, **given).n_points == len(table) - 1
    table.loc[25, "learning_rate"] = np.nan
    with pytest.raises(
        LawbookError, match="reads each schedule from its rows, but 1 rows have no finite schedule or step"
    ):
        fit(table, law, **given)


def test_the_criterion_means_the_same_under_every_loss(simulate: Simulate) -> None:
    table = simulate("power_floor", 5, rng=np.random.default_rng(0))
    gaps = []
    for loss, delta in (
        ("log_least_squares", None),
        ("log_huber", 1.0),
        ("log_huber", 1e-6),
        ("log_absolute", None),
    ):
        bic = [
            fit(table, law, y="y", x="x", loss=loss, delta=delta, draws=20).bic
            for law in ("power", "power_floor")
        ]
        gaps.append(bic[0] - bic[1])
    assert gaps[1] == pytest.approx(gaps[0], rel=1e-3)
    assert gaps[3] == pytest.approx(gaps[2], rel=1e-2)
    assert min(gaps) > 6


@pytest.mark.parametrize(
    ("change", "message"),
    [({"draws": 0}, "draws = 0"), ({"level": 95}, "level = 95"), ({"x": "low"}, "rename")],
)
def test_a_request_that_makes_no_sense_is_refused(
    change: dict[str, object], message: str, simulate: Simulate
) -> None:
    table = simulate("power", 3, rng=np.random.default_rng(0)).assign(low=1.0)
    with pytest.raises(LawbookError, match=message):
        fit(table, "power", **({"y": "y", "x": "x"} | change))


def test_failed_runs_are_left_out_and_named(simulate: Simulate) -> None:
    table = simulate("power", 3, rng=np.random.default_rng(0)).assign(status="ok")
    table.loc[2, "status"] = "failed"
    fitted = fit(table, "power", y="y", x="x", draws=20)
    assert fitted.n_runs == len(table) - 1
    assert any(note.code == "failed" and note.details["rows"] == [2] for note in fitted.notes)


def test_checkpoints_of_a_run_move_together() -> None:
    # Each run has its own size, and one offset for all its checkpoints: rows are no independent units.
    covered, rng = 0, np.random.default_rng(0)
    for _ in range(20):
        n = np.repeat(np.geomspace(1e6, 1e9, 12), 6)
        d = np.tile(np.geomspace(1e8, 1e10, 6), 12)
        run = np.repeat(np.arange(12), 6)
        offset = 0.01 * rng.standard_normal(12)[run] + 0.001 * rng.standard_normal(72)
        loss = (1.8 + 400 / n**0.34 + 4000 / d**0.4) * np.exp(offset)
        table = pd.DataFrame({"N": n, "D": d, "run": run, "loss": loss})
        fitted = fit(table, "chinchilla", y="loss", x=["N", "D"], cluster="run", draws=200, level=0.9)
        covered += fitted.estimates["alpha"].low <= 0.34 <= fitted.estimates["alpha"].high
        assert fitted.method == "bca"
    assert covered >= 14
    few = fit(table[table["run"] < 6], "chinchilla", y="loss", x=["N", "D"], cluster="run", draws=50)
    assert any(note.code == "few_clusters" for note in few.notes)


def test_a_break_beyond_the_points_is_not_identified() -> None:
    x = np.tile(np.geomspace(10, 1e5, 12), 5)
    seed = np.repeat(np.arange(5), 12)
    y = 3 * x**-0.3 * np.exp(0.01 * np.random.default_rng(1).standard_normal(60))
    fitted = fit(pd.DataFrame({"x": x, "y": y, "seed": seed}), "bnsl_1", y="y", x="x", draws=50)
    assert fitted.status != "ok"


def test_a_table_without_seeds_has_independent_rows() -> None:
    x = np.geomspace(1, 100, 12)
    fitted = fit(pd.DataFrame({"x": x, "y": 3 * x**-0.4}), "power", y="y", x="x", draws=20)
    assert fitted.n_seeds == 12


def test_inputs_in_another_order_are_refused() -> None:
    table = pd.DataFrame({"tokens": [1.0, 2.0], "params": [1.0, 2.0], "loss": [2.0, 1.0]})
    with pytest.raises(LawbookError, match="reads as D, N, but chinchilla takes N, D"):
        fit(table, "chinchilla", y="loss", x=["tokens", "params"])


def test_x_that_differ_by_rounding_are_one() -> None:
    x = np.concatenate([np.geomspace(1, 100, 9) * (1 + 1e-14 * k) for k in range(3)])
    table = pd.DataFrame({"x": x, "seed": np.repeat(np.arange(3), 9), "y": 3 * x**-0.4})
    assert fit(table, "power", y="y", x="x", draws=20).n_points == 9
