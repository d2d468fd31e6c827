"""A sealed table is read or is an error: no bit of it can change, and it takes no other table's place."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lawbook.errors import LawbookError
from lawbook.storage.checksum import check_seal, seal
from lawbook.storage.tables import n_rows, read_table, write_table

FRAME = pd.DataFrame({"run_id": ["a", "b"], "loss": [0.25, None]})


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Return the file of a small table."""
    write_table(FRAME, tmp_path / "runs.parquet")
    return tmp_path / "runs.parquet"


def test_each_byte_counts(table: Path) -> None:
    whole = table.read_bytes()
    check_seal(table)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        table.write_bytes(changed)
        with pytest.raises(ValueError, match=r"."):
            check_seal(table)


def test_a_table_that_was_cut_or_lengthened_is_an_error(table: Path) -> None:
    whole = table.read_bytes()
    for length in range(len(whole)):
        table.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"."):
            check_seal(table)
    for content in (whole + b"\0", b"\0" + whole, whole + whole):
        table.write_bytes(content)
        with pytest.raises(ValueError, match=r"bytes are not those|no Parquet"):
            check_seal(table)


def test_a_table_under_another_name_or_without_a_seal_is_one_message(table: Path) -> None:
    other = table.with_name("curves.parquet")
    table.rename(other)
    for read in (read_table, n_rows):
        with pytest.raises(LawbookError, match=r"written as runs\.parquet\); delete it and run again"):
            read(other)
    FRAME.to_parquet(table)
    with pytest.raises(LawbookError, match="carries no seal"):
        read_table(table)


def test_any_reader_of_parquet_reads_it_and_the_same_rows_give_the_same_bytes(table: Path) -> None:
    pd.testing.assert_frame_equal(pq.read_table(table).to_pandas(), FRAME)
    pd.testing.assert_frame_equal(read_table(table), FRAME)
    assert n_rows(table) == 2
    before = table.read_bytes()
    write_table(FRAME, table)
    assert table.read_bytes() == before
    seal(table)
    assert table.read_bytes() == before
