"""The best row of a sweep at each place: which it is, what is said of the choice, and when there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.laws.note import Note, Severity
from lawbook.results.best_rows import best_rows

RATES = (1e-4, 1e-3, 1e-2)


def sweep() -> pd.DataFrame:
    """Return two sizes × three rates × two seeds, the best rate 1e-3 at N = 1 and 1e-2, the largest, at N = 2."""
    rows = [
        (n, rate, seed, 1 + abs(np.log10(rate / best)) + 0.1 * seed)
        for n, best in ((1, 1e-3), (2, 1e-2))
        for rate in RATES
        for seed in (0, 1)
    ]
    table = pd.DataFrame(rows, columns=["N", "lr", "seed", "val_loss"])
    return table.assign(test_loss=table["val_loss"] + 0.5).set_axis(range(2, 14))


def chosen(table: pd.DataFrame, **changes: object) -> tuple[pd.DataFrame, dict[str, Note]]:
    """Return the best rows over lr, and the notes by code."""
    options = {"over": ["lr"], "at": ["N", "seed"], "by": "val_loss", "y": "val_loss"} | changes
    rows, notes = best_rows(table, **options)  # type: ignore[arg-type]
    return rows, {note.code: note for note in notes}


def test_the_best_row_is_taken_at_each_place_and_edges_are_named() -> None:
    rows, notes = chosen(sweep())

    assert rows["lr"].tolist() == [1e-3, 1e-3, 1e-2, 1e-2]
    assert rows.index.tolist() == [4, 5, 12, 13]
    assert notes["best_chosen"].details["chosen_from"] == 12
    assert "4 rows were chosen from 12" in notes["best_chosen"].message
    assert "y is too low" in notes["best_chosen"].message
    edge = notes["best_at_edge"]
    assert (edge.severity, edge.details["rows"]) == (Severity.WARNING, [12, 13])
    assert "at 2 of 4 N, seed (the largest in rows 12, 13)" in edge.message


def test_without_seeds_one_row_is_taken_at_each_place() -> None:
    rows, _ = chosen(sweep(), at=["N"])

    assert rows.index.tolist() == [4, 12]


def test_a_choice_on_another_column_says_nothing_of_a_bias() -> None:
    rows, notes = chosen(sweep().assign(test_loss=lambda t: t["test_loss"].to_numpy()[::-1]), y="test_loss")

    assert rows["lr"].tolist() == [1e-3, 1e-3, 1e-2, 1e-2]
    assert "too low" not in notes["best_chosen"].message
    assert "chosen_on_test" not in notes


def test_a_choice_on_the_test_split_beside_a_validation_split_is_warned_of() -> None:
    _, notes = chosen(sweep(), by="test_loss", y="test_loss")

    assert notes["chosen_on_test"].severity == Severity.WARNING
    assert "give --best-by val_loss" in notes["chosen_on_test"].message
    assert "chosen_on_test" not in chosen(sweep().drop(columns="val_loss"), by="test_loss", y="test_loss")[1]


def test_a_run_that_did_not_end_is_not_chosen_and_stays_to_be_named() -> None:
    table = sweep().assign(State="finished")
    table.loc[[4, 13], "State"] = ["crashed", "running"]
    rows, notes = chosen(table)

    assert rows[rows["State"] == "finished"].index.tolist() == [2, 5, 11, 12]
    assert rows[rows["State"] != "finished"].index.tolist() == [4, 13]
    # Row 11 is at 1e-3, and 1e-2 was tried there, although that run is lost: no edge.
    assert notes["best_at_edge"].details["rows"] == [2, 12]


def test_a_row_without_the_value_to_choose_by_is_named() -> None:
    table = sweep()
    table.loc[4, "val_loss"] = np.nan
    rows, notes = chosen(table)

    assert 4 not in rows.index
    assert notes["missing_best_by"].details["rows"] == [4]


def test_several_columns_may_be_chosen_over_and_names_have_no_ends() -> None:
    table = pd.concat([sweep().assign(optimizer="adam"), sweep().assign(optimizer="sgd", val_loss=9.0)])
    rows, notes = chosen(table.set_axis(range(24)), over=["lr", "optimizer"])

    assert set(rows["optimizer"]) == {"adam"}
    assert notes["best_at_edge"].details["column"] == "lr"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"over": ["rl"]}, "no column 'rl'"),
        ({"over": ["seed"]}, "--best-over 'seed' is also x, or tells the repeats"),
        ({"by": "lr"}, "--best-by 'lr' is also x, chosen over"),
        ({"by": "val_accuracy"}, "'val_accuracy' reads as better when larger"),
        ({"by": "empty"}, "no run that ended has a finite 'empty'"),
    ],
)
def test_a_choice_that_cannot_be_made_is_one_message(changes: dict[str, object], said: str) -> None:
    with pytest.raises(LawbookError) as raised:
        chosen(sweep().assign(val_accuracy=0.5, empty=np.nan), **changes)

    assert said in str(raised.value)
