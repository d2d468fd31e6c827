"""Conditions on rows as people type them: what they choose, and one message for what is none."""

from __future__ import annotations

import operator

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawbook.errors import LawbookError
from lawbook.results.conditions import parse_condition, rows_where

TABLE = pd.DataFrame(
    {
        "D": [1e8, 1e9, 1e10, np.nan, 5e9],
        "seed": [0, 1, 2, 3, 4],
        "set": ["web", "code", "web", "a,b", None],
        "tuned": [True, False, True, False, True],
        "in": [1, 2, 3, 4, 5],
        "a = b": [1, 1, 2, 2, 3],
        "lr max": [1e-3, 1e-2, 1e-3, 1e-2, 1e-1],
        "a": [9, 8, 7, 6, 5],
    }
)


def chosen(*texts: str) -> list[int]:
    """Return the seeds of the rows that meet these conditions."""
    return rows_where(TABLE, [parse_condition(text, TABLE.columns) for text in texts])["seed"].tolist()


@pytest.mark.parametrize(
    ("texts", "seeds"),
    [
        (["D >= 1e9"], [1, 2, 4]),
        (["D>1e9"], [2, 4]),
        (["D <= 1B"], [0, 1]),
        (["D<1e9"], [0]),
        (["D != 1e9"], [0, 2, 4]),
        (["D == 1e9"], [1]),
        (["D = 1e9..5e9"], [1, 4]),
        (["D in 1e9 .. 1e10"], [1, 2, 4]),
        (["seed in 0,3, 4"], [0, 3, 4]),
        (["seed in [0, 3]"], [0, 3]),
        (["seed=0", "seed=3"], [0, 3]),
        (["seed=0..1", "seed=3"], [0, 1, 3]),
        (["D >= 1e9", "D < 1e10"], [1, 4]),
        (["D >= 1e9", "set = web"], [2]),
        (["set = 'web'"], [0, 2]),
        (['set = "a,b"'], [3]),
        (["set=a,b"], [3]),
        (["set != web"], [1, 3]),
        (["set in web,code"], [0, 1, 2]),
        (["tuned=true"], [0, 2, 4]),
        (["tuned = False"], [1, 3]),
        (["in in 1,2"], [0, 1]),
        (["in>=4"], [3, 4]),
        (["a = b = 1"], [0, 1]),
        (["a = 9"], [0]),
        (["lr max <= 1e-2"], [0, 1, 2, 3]),
        (["  D>=1e9  "], [1, 2, 4]),
    ],
)
def test_a_condition_chooses_its_rows(texts: list[str], seeds: list[int]) -> None:
    assert chosen(*texts) == seeds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "--where '': write it as column=value"),
        ("D", "--where 'D': write it as column=value"),
        ("D =", "what must 'D' be"),
        ("D >=", "what must 'D' be"),
        ("D === 1", "what must 'D' be"),
        ("D => 1e9", "what must 'D' be"),
        ("D >= big", "'big' is no number, and >= compares numbers"),
        ("D >= nan", "'nan' is no number"),
        ("D >= 1e999", "'1e999' is no number"),
        ("D >= 1,000", "'1,000' is no number"),
        ("D = 5e9..1e9", "the range is empty; write the smaller end first"),
        ("D in ", "what must 'D' be"),
        ("D in ,", "`in` names no value"),
        ("sed=1", "the table has no column 'sed'; did you mean 'seed'"),
        ("Dseed >= 1", "the table has no column 'Dseed'"),
        ("D ~ 1", "--where 'D ~ 1': write it as column=value"),
        ("__import__('os').system('id')", "write it as column=value"),
        ("D >= __import__('os')", "is no number"),
        ("1 == 1", "the table has no column '1'"),
        ("D >= 1e9 or seed = 1", "'1e9 or seed = 1' is no number"),
        ("set > web", "'web' is no number"),
        ("set > 3", "column 'set' holds no numbers"),
        ("tuned > 0", "column 'tuned' holds no numbers"),
        ("seed=9", "no row has seed = 9; its values: 0, 1, 2, 3, 4"),
        ("tuned=1", "no row has tuned = 1"),
        ("D >= 1e12", r"no row has D >= 1e12; its values: "),
    ],
)
def test_what_is_no_condition_is_one_message(text: str, said: str) -> None:
    with pytest.raises(LawbookError) as raised:
        chosen(text)

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_of_many_numbers_the_range_is_told() -> None:
    table = pd.DataFrame({"D": np.geomspace(1, 1e6, 20)})
    with pytest.raises(LawbookError, match=r"no row has D > 1e7; it goes from 1 to 1e\+06"):
        rows_where(table, [parse_condition("D > 1e7", table.columns)])


SIGNS = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
    "!=": operator.ne,
}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0]), min_size=1, max_size=8),
    st.sampled_from(sorted(SIGNS)),
    st.data(),
)
def test_numbers_are_compared_as_numbers_are(values: list[float], sign: str, data: st.DataObject) -> None:
    than = data.draw(st.sampled_from([*values, 0.5]))
    table = pd.DataFrame({"x": values})
    expected = [value for value in values if SIGNS[sign](value, than)]
    condition = parse_condition(f"x {sign} {than!r}", ["x"])

    if expected:
        assert rows_where(table, [condition])["x"].tolist() == expected
    else:
        with pytest.raises(LawbookError, match="no row has x"):
            rows_where(table, [condition])


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_one_message(text: str) -> None:
    try:
        condition = parse_condition(text, ["D", "set"])
    except LawbookError as error:
        assert "--where" in str(error)  # noqa: PT017
    else:
        assert condition.column in ("D", "set")
