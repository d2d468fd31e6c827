"""Numbers as people write them are understood, said to be, or refused with their rows; identifiers stay text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lawbook.errors import LawbookError
from lawbook.storage.user_table import Source, read_source, with_numbers
from lawbook.storage.user_table.numbers import Written, number_in, numbers_in

Column = Callable[..., Source]


@pytest.fixture
def column(tmp_path: Path) -> Column:
    """Return a function that reads cells, and others, as the columns x and other of a file, x as numbers."""

    def read(cells: list[str], other: str = "a", separator: str = ",") -> Source:
        lines = [f"x{separator}other", *(f'"{cell}"{separator}"{other}"' for cell in cells)]
        (tmp_path / "runs.csv").write_text("\n".join(lines), encoding="utf-8")
        return with_numbers(read_source(tmp_path / "runs.csv"), ["x"])

    return read


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["300M", "1.4B"], [3e8, 1.4e9]),
        (["70k", "512", "1.2K"], [70_000, 512, 1200]),
        (["1.3 T", "300 billion", "7bn"], [1.3e12, 3e11, 7e9]),
        (["12 %", "12.5%"], [0.12, 0.125]),
        (["2.1 ± 0.1", "3.0", "1e-3 +/- 1e-4"], [2.1, 3.0, 1e-3]),
        ([r"2.1 \pm 0.1", "12±1"], [2.1, 12]),
        (["12 ± 1 %", "7%"], [0.12, 0.07]),
        (["1_000", "12_500_000"], [1000, 12_500_000]),
        (["1 000", "2\u00a0500", "3'000.5"], [1000, 2500, 3000.5]),
        (["1,000,000", "2,000"], [1e6, 2000]),
        (["1,234.5", "2,000"], [1234.5, 2000]),
        (["1.4×10^9", "2 x 10**8"], [1.4e9, 2e8]),
        (["−0.5", "1e9", "+3"], [-0.5, 1e9, 3]),
        (["0.07B", "", "n/a"], [7e7, np.nan, np.nan]),
    ],
)
def test_a_column_is_understood_to_the_last_digit(
    column: Column, cells: list[str], values: list[float]
) -> None:
    np.testing.assert_array_equal(column(cells).table["x"].to_numpy(dtype=float), values)


@pytest.mark.parametrize(
    ("cells", "other", "separator", "values"),
    [
        (["0,684", "2,5"], "a", ";", [0.684, 2.5]),
        (["1.234,5", "2.000"], "a", ";", [1234.5, 2000]),
        (["1.000", "500", "2.000"], "0,5", ";", [1000, 500, 2000]),
        (["1,000", "500"], "2.5", ";", [1000, 500]),
        (["12,800", "1600"], "0.41", ",", [12800, 1600]),
        (["2,203", "1,500"], "0,41", "\t", [2.203, 1.5]),
        (["2.203", "1.500"], "0.41", ",", [2.203, 1.5]),
        (["0.947", "1.000"], "a", ";", [0.947, 1.0]),
        (["1.000e3", "2.000e3"], "a", ";", [1000, 2000]),
    ],
)
def test_the_mark_of_decimals_is_told_by_the_column_then_by_the_file(
    column: Column, cells: list[str], other: str, separator: str, values: list[float]
) -> None:
    source = column(cells, other, separator)

    np.testing.assert_array_equal(source.table["x"].to_numpy(dtype=float), values)
    assert not any(remark.doubtful for remark in source.remarks)


@pytest.mark.parametrize(
    ("cells", "other", "separator", "said"),
    [
        (["1.000", "2.000", "500.000"], "2.20", ";", r"can be read in two ways: rows 2, 3, 4 \('1.000', "),
        (
            ["1,000", "2,000"],
            "a",
            ",",
            r"can be read in two ways: rows 2, 3 .* write 1000 for a thousand, 1.0 for one",
        ),
        (["1,5", "2.5", "3.5"], "a", ";", r"mixes decimal points and decimal commas: rows 2 \('1,5'\)"),
        (
            ["1,5", "2"],
            "0.5",
            ",",
            r"since other columns have decimal points: rows 2 \('1,5'\); write 3.14 for 3,14",
        ),
        (["13B", "7", "70B"], "a", ",", r"has no unit in some rows: rows 3 \('7'\); write it in each row"),
        (["12%", "0.1"], "a", ",", r"has a percent sign in the other rows only: rows 3 \('0.1'\)"),
        (["1", "7B-run3"], "a", ",", r"is not numeric: rows 3 \('7B-run3'\)"),
        (["1", "~300M", ">100"], "a", ",", r"is not numeric: rows 3, 4 \('~300M', '>100'\)"),
        (["1", "1 2"], "a", ",", "is not numeric: rows 3"),
        (["1", "1,23,4"], "a", ",", "is not numeric: rows 3"),
        (["1", "3 nats"], "a", ",", "is not numeric: rows 3"),
        (["1", "1 ± 2 % k"], "a", ",", "is not numeric: rows 3"),
        (["1", "9" * 200 + "x"], "a", ",", "is not numeric: rows 3"),
        (["2020-01-01", "2020-01-02"], "a", ",", "is not numeric: rows 2, 3"),
    ],
)
def test_what_can_be_read_in_two_ways_or_none_is_refused_with_its_rows(
    column: Column, cells: list[str], other: str, separator: str, said: str
) -> None:
    with pytest.raises(LawbookError, match=said) as raised:
        column(cells, other, separator)

    assert str(raised.value).startswith("column 'x' ")


def test_losses_with_three_decimals_in_a_semicolon_file_are_read_with_a_warning(column: Column) -> None:
    source = column(["2.203", "1.987"], "a", ";")

    assert source.table["x"].tolist() == [2.203, 1.987]
    (remark,) = source.remarks
    assert (remark.code, remark.doubtful) == ("points_or_thousands", True)
    assert "if the point separates thousands, write 1000 for 1.000" in remark.message


def test_what_was_understood_is_said_once_for_each_way_with_its_rows(column: Column) -> None:
    (remark,) = column(["300M", "7000000", "1.4B", "2.8B", "1B ± 0.1B"]).remarks

    assert (remark.code, remark.doubtful, remark.rows) == ("numbers_as_written", False, (2, 4, 5, 6))
    assert remark.message == (
        "column 'x': '300M' is read as 3e+08, '1.4B' is read as 1.4e+09,"
        " '1B ± 0.1B' is read as 1e+09 (what stands behind ± is not used)"
    )


def test_only_what_is_asked_for_is_made_a_number(column: Column) -> None:
    source = column(["1", "2"], "7B")

    assert source.table["other"].tolist() == ["7B", "7B"]
    assert source.remarks == ()


def test_an_identifier_with_an_underscore_stays_text(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("run,loss\n1_0,1\n10,2\n")

    assert read_source(tmp_path / "runs.csv").table["run"].tolist() == ["1_0", "10"]


def test_dates_are_no_numbers() -> None:
    import pandas as pd

    source = Source(Path("a"), "", pd.DataFrame({"x": pd.to_datetime(["2020-01-01"])}))
    with pytest.raises(LawbookError, match="column 'x' holds dates or times"):
        with_numbers(source, ["x"])


@settings(max_examples=60, deadline=None)
@given(
    st.floats(min_value=-1e15, max_value=1e15).map(lambda value: f"{value:,.2f}"),
    st.sampled_from(["", "k", "M", "B", "%", " million"]),
)
def test_whatever_is_written_with_commas_and_a_unit_is_read_back(text: str, unit: str) -> None:
    factor = {"": 1, "k": 1e3, "M": 1e6, "B": 1e9, "%": 0.01, " million": 1e6}[unit]

    assert number_in(text + unit) == pytest.approx(float(text.replace(",", "")) * factor, rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_whatever_a_program_writes_is_read_to_the_last_bit(value: float) -> None:
    read = numbers_in("x", [repr(value)], [1], Written())

    assert read.values[0] == value
    assert read.places == ()


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_number_or_none(text: str) -> None:
    assert number_in(text) is None or isinstance(number_in(text), float)
