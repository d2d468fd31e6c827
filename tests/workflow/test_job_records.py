"""When a job ran is read from Snakemake's record of the file that it made, or not at all."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lawbook.workflow.job_records import Ran, when_made

FILE = Path("results/smoke/fits.parquet")
RECORD = {"starttime": 0.5, "endtime": 2.25, "params": ["'0123abcd'", "'4567ef01'"], "incomplete": False}


def write(folder: Path, text: str) -> None:
    """Write the record of the file."""
    (folder / base64.urlsafe_b64encode(str(FILE).encode()).decode()).write_text(text)


def test_the_times_are_those_of_the_record(tmp_path: Path) -> None:
    write(tmp_path, json.dumps(RECORD))

    start, end = datetime(1970, 1, 1, 0, 0, 0, 500_000, UTC), datetime(1970, 1, 1, 0, 0, 2, 250_000, UTC)
    assert when_made(FILE, ("0123abcd", "4567ef01"), tmp_path) == Ran(start, end)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{not json",
        json.dumps(RECORD | {"params": ["'0123abcd'"]}),
        json.dumps(RECORD | {"incomplete": True}),
        json.dumps(RECORD | {"endtime": None}),
        json.dumps(RECORD | {"params": None}),
    ],
)
def test_a_record_that_does_not_say_so_of_this_file_says_nothing(tmp_path: Path, text: str) -> None:
    assert when_made(FILE, ("0123abcd", "4567ef01"), tmp_path) is None
    write(tmp_path, text)
    assert when_made(FILE, ("0123abcd", "4567ef01"), tmp_path) is None
