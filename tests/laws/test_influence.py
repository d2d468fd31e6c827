"""What single points do to a fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lawbook.laws import fit
from lawbook.laws.uncertainty import half_width

Simulate = Callable[..., pd.DataFrame]


def test_each_row_is_the_refit_without_its_points(simulate: Simulate) -> None:
    table = simulate("power_floor", 5, rng=np.random.default_rng(0))
    fitted = fit(table, "power_floor", y="y", x="x", draws=200)
    errors = np.array([half_width(values) for values in fitted.draws.T])
    x = np.sort(table.x.unique())
    rows = fitted.influence
    assert rows["left_out"].tolist() == ["point"] * 8 + ["highest"] * 3
    assert rows["n_left_out"].tolist() == [1] * 8 + [2, 3, 4]
    for row, gone in ((0, x[:1]), (5, x[5:6]), (8, x[:2]), (9, x[:3])):
        rest = table[~table.x.isin(gone)]
        refitted = fit(rest, "power_floor", y="y", x="x", draws=20)
        moved = (refitted.parameters - fitted.parameters) / errors
        np.testing.assert_allclose(
            rows.loc[row, ["E", "A", "alpha"]].astype(float), moved, rtol=1e-3, atol=1e-3
        )


def test_an_outlier_is_named(simulate: Simulate) -> None:
    table = simulate("power", 5, rng=np.random.default_rng(1), points=40)
    quiet = fit(table, "power", y="y", x="x", draws=200)
    assert "influential" not in {note.code for note in quiet.notes}
    first = table.x.min()
    table.loc[table.x == first, "y"] *= 3
    loud = fit(table, "power", y="y", x="x", draws=200)
    note = next(note for note in loud.notes if note.code == "influential")
    assert "alpha moves by more than 2 standard errors without x 32 (" in note.message


def test_nothing_is_left_out_where_too_little_would_be_left(simulate: Simulate) -> None:
    table = simulate("power_floor", 5, rng=np.random.default_rng(2), points=5)
    rows = fit(table, "power_floor", y="y", x="x", draws=50).influence
    assert rows["n_left_out"].max() == 1
    assert np.isfinite(rows["alpha"]).all()


@pytest.mark.parametrize("loss", ["log_least_squares", "log_absolute"])
def test_the_loss_of_the_fit_is_that_of_the_refits(loss: str, simulate: Simulate) -> None:
    table = simulate("power", 5, rng=np.random.default_rng(3))
    fitted = fit(table, "power", y="y", x="x", loss=loss, draws=200)
    rest = fit(table[table.x > 33], "power", y="y", x="x", loss=loss, draws=20)
    error = half_width(fitted.draws[:, 1])
    moved = (rest.parameters[1] - fitted.parameters[1]) / error
    assert fitted.influence.loc[0, "alpha"] == pytest.approx(moved, abs=0.01)
