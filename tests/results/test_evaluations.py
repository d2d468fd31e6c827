"""Runs read at the last, the best and every evaluation of their curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.fitting.test_study import Block

from lawbook.errors import LawbookError
from lawbook.fitting.study import fit_study
from lawbook.laws.note import codes_of, notes_from_json
from lawbook.results.evaluations import final_metrics, metrics_along, runs_at
from lawbook.storage.columns import COLUMNS

STEPS = np.array([10, 20, 50, 100, 200, 500])


def curve_of(run, test, validation):
    """The table of curves of one run."""
    return pd.DataFrame(
        [
            (run, step, 8 * step, split, metric, None, value)
            for i, step in enumerate(STEPS)
            for split, metric, value in (
                ("test", "loss", test[i]), ("validation", "loss", validation[i]), ("task_3", "loss", 1.0),
            )
        ],
        columns=list(COLUMNS["curves"]),
    )  # fmt: skip


@pytest.fixture
def curves():
    """Two seeds of test losses 3/√step, whose validation losses turn at the steps 50 and 200."""
    return pd.concat(
        curve_of(f"run{seed}", (3 + 0.1 * seed) * STEPS**-0.5, np.abs(np.log(STEPS / turn)) + 1)
        for seed, turn in ((0, 50), (1, 200))
    )


@pytest.fixture
def runs():
    """Their table of runs, with the metrics of the last evaluation."""
    return pd.DataFrame(
        {
            "run_id": ["run0", "run1"], "sweeps": "data_size", "seed": [0, 1], "samples": 8, "status": "ok",
            "test_loss": [3 * 500**-0.5, 3.1 * 500**-0.5], "validation_loss": [np.log(10) + 1, np.log(2.5) + 1],
        }
    )  # fmt: skip


def test_metrics_of_the_three_splits_become_columns(curves):
    table = metrics_along(curves)
    assert list(table) == ["run_id", "step", "samples_seen", "test_loss", "validation_loss"]
    assert len(table) == 12
    assert table.set_index(["run_id", "step"]).loc[("run1", 200), "validation_loss"] == 1


def test_rows_at_each_evaluation(runs, curves):
    assert runs_at(runs, None, "last") is runs
    every = runs_at(runs, curves, "every")
    assert len(every) == 12
    assert set(every) == {*runs, "step", "samples_seen"}
    last = every[every["step"] == 500].set_index("run_id")
    pd.testing.assert_series_equal(last["test_loss"], runs.set_index("run_id")["test_loss"])
    best = runs_at(runs, curves, "best").set_index("run_id")
    assert best["step"].to_dict() == {"run0": 50, "run1": 200}
    assert best.loc["run0", "test_loss"] == pytest.approx(3 * 50**-0.5)


def test_a_run_without_any_value_stays_among_the_best(runs, curves):
    curves.loc[curves["run_id"] == "run0", "value"] = np.nan
    best = runs_at(runs.assign(status=["diverged", "ok"]), curves, "best")
    assert best["run_id"].tolist() == ["run0", "run1"]
    assert np.isnan(best["test_loss"].iloc[0])


def test_a_law_along_the_curves_counts_runs_and_warns_of_their_order(runs, curves):
    block = Block(x="step", compare=["power"], at="every")
    fits = fit_study({"by_step": block}, runs, curves=curves, draws=50)["fits"].set_index("parameter")
    alpha = fits.loc["alpha"]
    assert alpha["estimate"] == pytest.approx(0.5, abs=1e-9)
    assert (alpha["n_points"], alpha["n_runs"], alpha["n_seeds"]) == (6, 2, 2)
    assert "points_along_runs" in codes_of(notes_from_json(alpha["notes"]))
    assert (alpha["x_low"], alpha["x_high"]) == (10, 500)


def test_missing_curves_and_missing_validation(runs, curves):
    with pytest.raises(LawbookError, match="need the curves"):
        runs_at(runs, None, "every")
    with pytest.raises(LawbookError, match="validation_loss"):
        runs_at(runs, curves[curves["split"] != "validation"], "best")


def untrained(runs, loss):
    """Return the curves' rows before training, of this loss."""
    rows = [
        (run, 0, 0, split, "loss", None, loss) for run in runs["run_id"] for split in ("test", "validation")
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS["curves"]))


def test_what_is_before_training_counts_only_where_it_is_asked_for(runs, curves):
    whole = pd.concat([untrained(runs, 0.01), curves])
    for at in ("every", "best"):
        pd.testing.assert_frame_equal(runs_at(runs, whole, at), runs_at(runs, curves, at))
    asked = runs_at(runs, whole, "every", first_step=0)
    assert sorted(set(asked["step"])) == [0, *STEPS]
    assert (runs_at(runs, whole, "best", first_step=0)["step"] == 0).all()
    assert set(runs_at(runs, whole, "best", first_step=300)["step"]) == {500}

    law = {"by_step": Block(x="step", compare=["power"], at="every")}
    with_start, without = (fit_study(law, runs, curves=c, draws=20)["fits"] for c in (whole, curves))
    pd.testing.assert_frame_equal(with_start, without)


def test_vectors_stay_in_the_curves_and_a_measurement_is_known_by_its_last_value(runs, curves):
    measured = pd.DataFrame(
        [
            ("run0", 200, 1600, None, "sharpness", None, 7.0), ("run0", 50, 400, None, "sharpness", None, 5.0),
            ("run1", 50, 400, None, "sharpness", None, 4.0),
            *[("run0", 500, 4000, None, "spectrum", i, 1.0 / (i + 1)) for i in range(3)],
            ("run0", 500, 4000, "test", "loss", 1, 99.0),
        ],
        columns=list(COLUMNS["curves"]),
    )  # fmt: skip
    final = final_metrics(pd.concat([curves, measured])).set_index("run_id")
    assert sorted(final) == ["sharpness", "test_loss", "validation_loss"]
    assert final["sharpness"].to_dict() == {"run0": 7.0, "run1": 4.0}
    pd.testing.assert_series_equal(final["test_loss"], runs.set_index("run_id")["test_loss"])
    along = metrics_along(pd.concat([curves, measured])).set_index(["run_id", "step"])
    assert along.loc[("run0", 50), "sharpness"] == 5
