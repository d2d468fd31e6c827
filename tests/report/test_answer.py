"""The answer says no more than the tables: what is refused, undecided, censored or null is never told as a law."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawbook.laws.note import info, notes_to_json, refusal, warning
from lawbook.report.answer import CASES, answer
from lawbook.results.words import measured
from lawbook.storage.status import FitStatus, Verdict
from lawbook.studies.schema import StudyFile

WIDE = {"n_censored": 0, "n_diverged": 0, "n_unconverged": 0, "decades": 1.6, "x_low": 32.0, "x_high": 1300.0}
NOTES = {
    FitStatus.OK: [info("repeated_cells", "averaged")],
    FitStatus.REFUSED: [
        refusal("misspecified", "lack of fit: p = 1e-9"),
        warning("lack_of_fit", "it misses"),
    ],
    FitStatus.NOT_IDENTIFIED: [refusal("on_bound", "alpha ends on its bound")],
}


def study(compare=("power", "power_floor"), by=(), claims=(), null=False):
    laws = {
        "law": {
            "y": "test_error",
            "x": "samples",
            "compare": list(compare),
            "by": list(by),
            "role": "headline",
        }
    }
    if null:
        laws["null"] = {"y": "test_error", "x": "samples", "compare": ["power"], "role": "null"}
    return StudyFile.model_validate(
        {"title": "A study", "question": "What?", "laws": laws, "claims": list(claims)}
    )


def fit(
    form="power", group="", status=FitStatus.OK, alpha=(0.5, 0.4, 0.6), floor=None, preferred="power", **more
):
    notes = [*NOTES[status], *more.pop("notes", [])]
    about = {
        "law": "law", "form": form, "group": group, "status": status, "preferred": preferred, "x": "samples",
        "ranges": None, "notes": notes_to_json(notes), **WIDE, **more,
    }  # fmt: skip
    values = {"A": (1.0, 0.9, 1.1), "alpha": alpha} | ({"E": floor} if floor else {})
    return [
        about | {"parameter": name, "estimate": e, "low": low, "high": high}
        for name, (e, low, high) in values.items()
    ]


def tables(*fits, claims=()):
    rows = [row for rows in fits for row in rows]
    columns = [
        *WIDE,
        "law",
        "form",
        "group",
        "parameter",
        "estimate",
        "low",
        "high",
        "status",
        "preferred",
        "notes",
    ]
    found = pd.DataFrame(rows) if rows else pd.DataFrame(columns=columns)
    return SimpleNamespace(fits=found, claims=pd.DataFrame(claims), runs=pd.DataFrame())


numbers = st.floats(-2, 2).map(lambda v: round(v, 3))
intervals = st.tuples(numbers, numbers, numbers).map(lambda v: (sorted(v)[1], min(v), max(v)))


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(FitStatus)), intervals, st.sampled_from(["power", "power_floor", "undecided"]))
def test_a_trend_is_told_only_of_a_fit_that_stands_on_one_side_of_zero(status, alpha, preferred):
    found = tables(fit(status=status, alpha=alpha, preferred=preferred))
    (said,) = answer(study(), found)
    stands = status == FitStatus.OK
    assert ("falls as" in said) == (stands and alpha[1] > 0)
    assert ("rises as" in said) == (stands and alpha[2] < 0)
    assert ("no clear trend" in said) == (stands and alpha[1] <= 0 <= alpha[2])
    assert (measured(*alpha) in said) or not stands
    assert ("α = " in said) == stands
    assert ("the form undecided" in said) == (stands and preferred == "undecided")


@settings(max_examples=40, deadline=None)
@given(st.booleans(), st.booleans())
def test_a_floor_is_told_only_where_it_is_told_from_zero(noted, known):
    floor = (0.01, 0.002, 0.02) if known else (0.01, np.nan, np.nan)
    notes = [warning("floor_not_identified", "the floor may be 0")] if noted else []
    found = tables(fit(), fit("power_floor", floor=floor, preferred="power_floor", notes=notes))
    found.fits["preferred"] = "power_floor"
    (said,) = answer(study(), found)
    assert ("above a floor of" in said) == (known and not noted)
    assert ("a floor not told from 0" in said) != (known and not noted)


def test_the_preferred_form_is_told_only_if_its_fit_stands():
    refused = fit("power_floor", status=FitStatus.REFUSED, floor=(0.1, 0.0, 0.2), alpha=(0.9, 0.8, 1.0))
    found = tables(fit(), refused)
    found.fits["preferred"] = "power_floor"
    (said,) = answer(study(), found)
    assert "α = 0.50 [0.40, 0.60]" in said
    assert "though power floor fits better" in said


def test_none_stands_is_said_only_where_each_was_refused():
    both = tables(
        fit(status=FitStatus.REFUSED), fit("power_floor", status=FitStatus.REFUSED, floor=(0.1, 0.0, 0.2))
    )
    one = tables(fit(status=FitStatus.REFUSED), fit("power_floor", floor=(0.1, 0.0, 0.2)))
    one.fits["preferred"] = both.fits["preferred"] = "undecided"
    assert answer(study(), both) == [
        "None of 2 forms of test error by pool size D stands (the misfit exceeds the noise)."
    ]
    assert answer(study(), one) == [
        "No power law of test error by pool size D stands (the misfit exceeds the noise)."
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 3), st.integers(0, 3))
def test_runs_that_do_not_count_as_measured_are_counted(censored, diverged):
    (said,) = answer(study(), tables(fit(n_censored=censored, n_diverged=diverged)))
    assert ("censored run" in said) == bool(censored)
    assert ("diverged run" in said) == bool(diverged)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([FitStatus.OK, FitStatus.REFUSED]), min_size=2, max_size=7))
def test_every_group_is_told_or_counted(statuses):
    fits = [fit(group=f"width={i}", status=status) for i, status in enumerate(statuses)]
    (said,) = answer(study(by=["width"]), tables(*fits))
    for status in (FitStatus.OK, FitStatus.REFUSED):
        alike = [i for i, one in enumerate(statuses) if one == status]
        assert all(f"at width {i}" in said for i in alike[:CASES])
        assert (f"and {len(alike) - CASES} more" in said) or len(alike) <= CASES


@pytest.mark.parametrize("estimate", [np.nan, None])
def test_a_fit_without_a_number_is_no_law(estimate):
    (said,) = answer(study(), tables(fit(alpha=(estimate, np.nan, np.nan))))
    assert "do not identify" in said


@settings(max_examples=40, deadline=None)
@given(intervals, st.sampled_from(list(Verdict)))
def test_a_difference_has_a_sign_only_where_the_claim_is_decided(values, verdict):
    claim = {"difference": "test_error", "of": {"metric": "el2n"}, "minus": {"metric": "random"},
             "where": {"samples": 100}, "paired_by": "seed", "at_most": 0, "origin": "preregistered"}  # fmt: skip
    row = {"claim": 0, "verdict": verdict, **dict(zip(("estimate", "low", "high"), values, strict=True))}
    (said,) = answer(study(claims=[claim]), tables(claims=[row]))
    decided = verdict != Verdict.UNDECIDED
    assert ("is lower" in said) == (decided and values[2] < 0)
    assert ("is higher" in said) == (decided and values[1] > 0)
    assert ("undecided" in said) == (not decided)


def test_a_law_in_the_null_takes_trust_from_all_laws():
    null = [row | {"law": "null"} for row in fit(alpha=(0.3, 0.2, 0.4))]
    flat = [row | {"law": "null"} for row in fit(alpha=(0.0, -0.1, 0.1))]
    bent = [row | {"law": "null"} for row in fit(alpha=(0.3, 0.2, 0.4), status=FitStatus.REFUSED)]
    assert "no law here can be trusted" in answer(study(null=True), tables(fit(), null))[-1]
    assert len(answer(study(null=True), tables(fit(), flat))) == 1
    assert len(answer(study(null=True), tables(fit(), bent))) == 1


def test_a_study_without_laws_and_claims_answers_nothing():
    (said,) = answer(StudyFile(title="A study", question="What?"), tables())
    assert "answers nothing" in said


def test_where_an_analysis_answers_only_headline_laws_are_told_besides(monkeypatch):
    monkeypatch.setattr("lawbook.report.answer.answers", {"kind": lambda *_: ["it was found"]})
    content = study()
    assert len(answer(content, tables(fit()))) == 2
    content.laws["law"] = content.laws["law"].model_copy(update={"role": "detail"})
    assert answer(content, tables(fit())) == ["It was found."]
    monkeypatch.setattr("lawbook.report.answer.answers", {})
    assert answer(content, tables(fit()))[0].startswith("Test error falls")
