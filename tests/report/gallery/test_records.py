"""Records: a row where a decided claim has become cheaper, by the rules that stand above the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tests.report.gallery.conftest import Finish, claim

from lawbook.errors import LawbookError
from lawbook.report.gallery.collection import collect
from lawbook.report.gallery.records import Record, read_records, record_of, with_new, write_records
from lawbook.storage.tables import write_table

FIRST = Record("digits", "c1", "holds undecided", "0.2 0.4", 100.0, 40, 0, "abc", "EPYC, 2 cores")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ({"cpu_s": 80.0}, True),
        ({"cpu_s": 95.0}, False),
        ({"cpu_s": 80.0, "verdicts": "fails holds", "widths": "0.1 0.4"}, True),
        ({"cpu_s": 80.0, "verdicts": "undecided holds"}, False),
        ({"cpu_s": 80.0, "widths": "0.2 0.5"}, False),
        ({"cpu_s": 80.0, "widths": "0.2 -"}, False),
        ({"cpu_s": 300.0, "claims": "c2"}, True),
        ({"cpu_s": 300.0, "machine": "Xeon, 8 cores"}, True),
    ],
)
def test_a_row_is_due_where_the_same_claims_are_cheaper_and_as_narrow(now: dict, due: bool) -> None:
    new = replace(FIRST, commit="def", **now)

    assert with_new([FIRST], [new]) == ([FIRST, new] if due else [FIRST])


def test_a_record_is_held_against_the_last_one() -> None:
    second = replace(FIRST, cpu_s=50.0)

    assert with_new([FIRST, second], [replace(FIRST, cpu_s=80.0)]) == [FIRST, second]


def test_records_are_kept_in_a_table_and_shown_on_a_page(
    finish: Finish, results: Path, tmp_path: Path
) -> None:
    claims = [claim(low=0.4, high=0.65), claim(low=None, high=None, estimate=None, verdict="undecided")]
    costs = pd.DataFrame({"cached": [True, False, False]})
    write_table(costs, finish("digits", claims) / "costs.parquet")
    finish("table", claims, cpu_s=None)
    studies, docs = collect(["digits", "table"], results), tmp_path / "docs"

    write_records(studies, docs, "abc123")
    first = {file.name: file.read_bytes() for file in docs.iterdir()}
    write_records(studies, docs, "def456")

    assert {file.name: file.read_bytes() for file in docs.iterdir()} == first, "nothing became cheaper"
    (record,) = read_records(docs / "records.csv")
    assert (record.cpu_s, record.cached, record.verdicts, record.widths) == (
        100.0,
        1,
        "holds undecided",
        "0.25 -",
    )
    page = (docs / "records.md").read_text(encoding="utf-8")
    assert "| digits | 1 of 2 | 100 | 100 | 40 (1) | abc123 |" in page
    assert "Without a record, since they train nothing or decide nothing: table." in page
    write_table(costs, finish("digits", claims, cpu_s=60.0) / "costs.parquet")
    write_records(collect(["digits"], results), docs, "def456")
    assert [one.cpu_s for one in read_records(docs / "records.csv")] == [100.0, 60.0]


def test_a_study_that_decides_nothing_has_no_record(finish: Finish, results: Path) -> None:
    finish("digits", [claim(verdict="undecided")])

    assert record_of(collect(["digits"], results)[0], "abc", "EPYC") is None


@pytest.mark.parametrize("text", ["study,claims\na,b\n", "nonsense", '"\x00'])
def test_a_damaged_table_is_one_message(tmp_path: Path, text: str) -> None:
    (tmp_path / "records.csv").write_text(f"{text}\nmore")

    with pytest.raises(
        LawbookError, match=r"records.csv: these are no records .*; take it from the repository"
    ):
        read_records(tmp_path / "records.csv")
