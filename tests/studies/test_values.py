"""The values of an axis."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lawbook.studies.values import expand_axis


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ([3, 1, 3], [3, 1, 3]),
        ({"log2": [32, 1024]}, [32, 64, 128, 256, 512, 1024]),
        ({"log2": [3, 25]}, [3, 6, 12, 24]),
        ({"log10": [1e-4, 1e-2, 3]}, [1e-4, 1e-3, 1e-2]),
        ({"log10": [5, 5, 1]}, [5.0]),
        ({"count": 2}, [0, 1]),
        ({"union": [{"log2": [2, 8]}, [8, 9]]}, [2, 4, 8, 8, 9]),
    ],
)
def test_expand_axis(spec: Any, values: list[Any]) -> None:
    assert expand_axis(spec) == values


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ([], "no values"),
        (3, "an axis is a list or one of"),
        ({"log2": [2, 4], "count": 1}, "an axis is a list or one of"),
        ({"log2": [8, 2]}, "empty or inverted"),
        ({"log2": [0, 2]}, "empty or inverted"),
        ({"log2": [1, float("inf")]}, "empty or inverted"),
        ({"log2": [1]}, "write {log2"),
        ({"log10": [1, 10, 0]}, "whole number of at least 1"),
        ({"count": True}, "whole number of at least 1"),
        ({"count": 10**12}, "at most 100000"),
        ([[1], [2]], "numbers or words"),
    ],
)
def test_what_is_no_axis_says_what_to_write(spec: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        expand_axis(spec)


@given(st.integers(1, 1000), st.integers(0, 12))
def test_log2_doubles_from_the_low_end_to_the_high(low: int, doublings: int) -> None:
    values = expand_axis({"log2": [low, low * 2**doublings]})

    assert values == [low * 2**k for k in range(doublings + 1)]


@given(st.floats(1e-9, 1e9), st.floats(1.001, 1e6), st.integers(2, 40))
def test_log10_is_increasing_and_keeps_both_ends(low: float, ratio: float, n: int) -> None:
    values = expand_axis({"log10": [low, low * ratio, n]})

    assert values == sorted(values)
    assert values[0] == pytest.approx(low)
    assert values[-1] == pytest.approx(low * ratio)


@given(st.lists(st.integers(-5, 5), min_size=1))
def test_a_list_is_itself(values: list[int]) -> None:
    assert expand_axis(values) == values
