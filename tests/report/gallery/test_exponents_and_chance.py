"""Exponents stand where their values say, beside what they should be; failures by chance are as rare as is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.report.gallery.conftest import Finish, claim, exponent

from lawbook.report.gallery.collection import collect
from lawbook.report.gallery.exponents import axis_of, exponents
from lawbook.report.gallery.false_fails import Z, false_fail_rate, false_fails


def rows_of(finish: Finish, results: Path, claims=(), found=()):
    finish("digits", claims, found)
    return exponents(collect(["digits"], results))


def test_a_refused_law_has_no_exponent_whatever_its_numbers(finish: Finish, results: Path) -> None:
    (row,) = rows_of(finish, results, found=[exponent(status="refused", exact={"sgd": 0.7})])

    assert (row.estimate, row.low, row.high, row.text) == (None, None, None, "refused")
    assert [known.value for known in row.known] == [0.7]


def test_a_claim_joins_the_exponent_it_is_about_and_another_gets_a_row(finish: Finish, results: Path) -> None:
    rows = rows_of(
        finish,
        results,
        claims=[
            claim(
                value="error_by_data.power.alpha",
                where={"width": 64},
                origin="published",
                source="Hestness 2017",
            ),
            claim(
                value="error_by_data.power_floor.alpha",
                expected_low=0.2,
                expected_high=0.4,
                low=0.1,
                high=0.9,
            ),
            claim(value="error_by_data.power.floor"),
            claim(value="error_by_data.power.alpha", expected_high=None),
            claim(),
        ],
        found=[exponent(group="width=8"), exponent(group="width=64", exact={"quanta": 0.45})],
    )

    assert [(row.what, row.form) for row in rows] == [
        ("test error by pool size D, width 8", "power"),
        ("test error by pool size D, width 64", "power"),
        ("error by data", "power floor"),
    ]
    assert rows[0].known == ()
    assert [known.source for known in rows[1].known] == ["exact: quanta", "published: Hestness 2017"]
    assert [known.text for known in rows[1].known] == ["0.45", "0.5 ± 0.1"]
    assert (rows[2].estimate, rows[2].known[0].low, rows[2].known[0].high) == (0.5, 0.2, 0.4)


def test_all_exponents_share_an_axis_that_a_wide_interval_does_not_stretch(
    finish: Finish, results: Path
) -> None:
    rows = rows_of(
        finish,
        results,
        found=[exponent(estimate=0.5, low=0.4, high=0.6), exponent("b", estimate=1.0, low=-2.0, high=40.0)],
    )
    axis = axis_of(rows)

    assert (axis.low, axis.high) == (0.0, 1.2)
    assert axis.place(0.0) < axis.place(0.5) < axis.place(1.0) < axis.place(1.2) == axis.place(40.0)
    assert axis.place(0.6) - axis.place(0.3) == pytest.approx(axis.place(0.9) - axis.place(0.6), abs=0.02)
    assert not axis.holds(40.0)
    assert all(axis.holds(tick) for tick in axis.ticks)
    assert len(axis.ticks) >= 3


def test_an_axis_of_nothing_can_be_drawn() -> None:
    axis = axis_of([])

    assert axis.low < axis.high


@pytest.mark.parametrize("width", [0.0, 0.5, 2.0, 8.0, np.inf])
def test_a_true_claim_fails_as_often_as_its_rate_says_and_never_more(width: float) -> None:
    # Errors of size 1; the range is [0, width], or from 0 on; the truth at its edge, or inside.
    low, high = 0.0, None if np.isinf(width) else width
    told = claim(expected_low=low, expected_high=high, low=-Z, high=Z)
    rate = false_fail_rate(told)
    draws = np.random.default_rng(5).standard_normal(400_000)

    def fails(truth: float) -> float:
        measured = truth + draws
        return float(np.mean((measured + Z < 0.0) | (measured - Z > width)))

    assert fails(0.0) == pytest.approx(rate, abs=0.0008)
    assert all(fails(truth) <= rate + 0.0008 for truth in (min(width, 3.0) / 2, min(width, 3.0) / 4))


def test_what_tests_nothing_is_not_counted() -> None:
    one_sided = claim(expected_high=None)
    claims = [one_sided, claim(origin="exploratory"), claim(estimate=None, low=None, high=None), one_sided]

    assert false_fails(claims) == (pytest.approx(0.05), 2)
    assert false_fails([]) == (0, 0)
