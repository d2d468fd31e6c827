"""Notes say the same after a table has held them, and a fit's reason is what its refusal says."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from lawbook.laws import Severity, fit
from lawbook.laws.note import codes_of, info, notes_from_json, notes_to_json, reason_of, refusal, warning


def test_notes_come_back_from_a_table_as_they_were() -> None:
    notes = (
        refusal("flat", "flat: the slope = 0.01 [−0.1, 0.1]\nincludes 0", slope=[0.01], low=[-0.1]),
        warning("open_interval", "the data do not bound b; nor c", parameter="b", side="below"),
        info("zero_errors", "2 runs made no error: rows 3, r4", rows=[3, "r4"]),
    )

    assert notes_from_json(notes_to_json(notes)) == notes
    assert notes_from_json(notes_to_json(())) == ()


def test_what_is_no_number_becomes_null() -> None:
    text = notes_to_json([warning("lack_of_fit", "p = nan", p=np.nan, ends=[-np.inf, 1.0])])

    assert json.loads(text)[0]["details"] == {"p": None, "ends": [None, 1.0]}


def test_the_reason_is_that_of_the_refusals_alone() -> None:
    notes = (refusal("on_bound", "alpha = 9 sits on its bound"), warning("rising", "y rises with x"))

    assert reason_of(notes) == "alpha = 9 sits on its bound"
    assert reason_of(notes[1:]) == ""
    assert codes_of(notes) == {"on_bound", "rising"}


def test_a_refused_fit_says_why_first_and_then_what_else_there_is_to_know() -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"x": np.repeat(2.0 ** np.arange(5, 12), 4), "seed": [*range(4)] * 7})
    table["y"] = np.exp(0.01 * rng.standard_normal(len(table)))
    table.loc[3, "y"] = np.nan
    fitted = fit(table, "power", y="y", x="x", draws=50)

    why, *others = fitted.notes
    assert (why.code, why.severity) == ("flat", Severity.REFUSAL)
    (low,), (high,) = why.details["low"], why.details["high"]
    assert low <= 0 <= high
    assert fitted.reason == why.message
    assert {note.code: note.details.get("rows") for note in others}["missing_y"] == [3]
    assert Severity.REFUSAL not in {note.severity for note in others}
