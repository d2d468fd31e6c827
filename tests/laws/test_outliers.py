"""Single rows that are unlike their repeats, or the law of the others, are named by row; heavy noise is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.laws.tables import curve, joint_table

from lawbook.laws import fit
from lawbook.laws.note import Note


def named(table: pd.DataFrame, law: str = "power", **options: object) -> Note | None:
    asked = {"y": "y", "x": "x", "draws": 40, **options}
    return next((note for note in fit(table, law, **asked).notes if note.code == "outlier"), None)  # type: ignore[arg-type]


def test_one_row_among_repeats_is_named() -> None:
    table = curve(9, repeats=4)
    table["seed"] = np.repeat(range(4), 9)
    table.loc[20, "y"] *= 6
    note = named(table)
    assert note is not None
    assert note.details["rows"] == [20]
    assert note.details["factors"][0] == pytest.approx(6, rel=0.05)


def test_of_two_repeats_both_are_named() -> None:
    table = curve(12, repeats=2)
    table.loc[3, "y"] *= 4
    note = named(table)
    assert note is not None
    assert sorted(note.details["rows"]) == [3, 15]


def test_a_lone_point_without_repeats_is_named() -> None:
    table = curve(20)
    table.loc[11, "y"] *= 2
    note = named(table)
    assert note is not None
    assert note.details["rows"] == [11]


def test_a_lone_point_of_a_surface_is_named_whatever_the_loss() -> None:
    table = joint_table(0.003, sizes=7)
    table.loc[9, "loss"] *= 1.3
    for loss, delta in (("log_least_squares", None), ("log_huber", 1e-3)):
        note = named(table, "chinchilla", y="loss", x=["N", "D"], loss=loss, delta=delta)
        assert note is not None
        assert note.details["rows"] == [9]


@pytest.mark.parametrize("trial", range(8))
@pytest.mark.parametrize("repeats", [1, 2, 4])
def test_noise_has_no_outliers(repeats: int, trial: int) -> None:
    assert named(curve(12, noise=0.05, repeats=repeats, seed=trial)) is None


def test_noise_that_grows_towards_one_end_has_none() -> None:
    table = curve(10, repeats=5, noise=0.0)
    rng = np.random.default_rng(0)
    table["y"] *= np.exp(np.where(table["x"] < 200, 0.3, 0.01) * rng.standard_normal(len(table)))
    assert named(table) is None
