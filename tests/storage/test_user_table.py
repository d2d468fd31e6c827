"""Tables from anyone's hands: every usual kind of file gives the same table, and what is none is one message."""

from __future__ import annotations

import gzip
import io
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather

from lawbook.errors import LawbookError
from lawbook.storage.user_table import Source, column_names, read_source, renamed, with_numbers
from lawbook.storage.user_table.columnar import read_columnar
from lawbook.storage.user_table.delimited import Delimited
from lawbook.storage.user_table.kinds import Kind

RUNS = pd.DataFrame({"N": [1000, 2000], "name": ["a", "b c"], "loss": [2.5, np.nan]})
PLAIN = "N,name,loss\n1000,a,2.5\n2000,b c,\n"

Read = Callable[..., Source]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a file with this content."""

    def written(content: str | bytes, name: str = "runs.csv") -> Source:
        (tmp_path / name).write_bytes(content.encode() if isinstance(content, str) else content)
        return read_source(tmp_path / name)

    return written


def feather_of(frame: pd.DataFrame) -> bytes:
    """Return a table as Feather."""
    feather.write_feather(frame, out := io.BytesIO(), compression="zstd")
    return out.getvalue()


def stream_of(frame: pd.DataFrame) -> bytes:
    """Return a table as an Arrow stream."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.ipc.new_stream(out := io.BytesIO(), table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


JSON_LINES = '{"N": 1000, "name": "a", "loss": 2.5}\n\n{"N": 2000, "name": "b c", "loss": null}\n'
SAME = {
    "commas": (PLAIN, "runs.csv"),
    "semicolons": (PLAIN.replace(",", ";"), "runs.csv"),
    "tabs": (PLAIN.replace(",", "\t"), "runs.tsv"),
    "bars": (PLAIN.replace(",", " | "), "runs.csv"),
    "blanks": ('N  name   loss\n 1000 a 2.5  \n2000  "b c"   nan\n', "runs.txt"),
    "windows_lines": (PLAIN.replace("\n", "\r\n"), "runs.csv"),
    "byte_order_mark": ("\ufeff" + PLAIN, "runs.csv"),
    "utf_16": (PLAIN.encode("utf-16"), "runs.csv"),
    "utf_16_unmarked": (PLAIN.encode("utf-16-be"), "runs.csv"),
    "utf_32": (PLAIN.encode("utf-32"), "runs.csv"),
    "announced": ("sep=;\n" + PLAIN.replace(",", ";"), "runs.csv"),
    "comments": ("# made by hand\n#, and \"that\n" + PLAIN.replace("2000", "# between\n2000"), "runs.csv"),
    "header_in_a_comment": ("# N name loss\n1000 a 2.5\n2000 'b nan\n".replace("'b", '"b c"'), "runs.txt"),
    "unnamed_index_below_a_comment": ("# a, b, c, d\n,N,name,loss\n0,1000,a,2.5\n1,2000,b c,\n", "runs.csv"),
    "unnamed_index": (",N,name,loss\n0,1000,a,2.5\n1,2000,b c,\n", "runs.csv"),
    "gzip": (gzip.compress(PLAIN.encode()), "runs.csv.gz"),
    "json_lines": (JSON_LINES, "runs.jsonl"),
    "json_lines_by_content": (JSON_LINES, "runs.log"),
    "json_lines_packed": (gzip.compress(JSON_LINES.encode()), "runs.ndjson.gz"),
    "json_texts": (JSON_LINES.replace("2.5", '"2.5"'), "runs.jsonl"),
    "parquet": (RUNS.to_parquet(), "runs.parquet"),
    "parquet_by_content": (RUNS.to_parquet(), "runs.csv"),
    "parquet_with_an_index": (RUNS.set_index("N").to_parquet(), "runs.parquet"),
    "parquet_with_a_nameless_index": (RUNS.set_axis([7, 3]).to_parquet(), "runs.parquet"),
    "parquet_of_categories": (RUNS.astype({"name": "category"}).to_parquet(), "runs.parquet"),
    "feather": (feather_of(RUNS), "runs.feather"),
    "arrow_stream": (stream_of(RUNS), "runs.arrow"),
}  # fmt: skip


@pytest.mark.parametrize("kind", SAME)
def test_every_kind_of_file_gives_the_same_table(read: Read, kind: str) -> None:
    content, name = SAME[kind]
    found = read(content, name).table

    assert sorted(found.columns) == sorted(RUNS.columns)
    assert found["N"].tolist() == [1000, 2000]
    assert found["name"].tolist() == ["a", "b c"]
    np.testing.assert_array_equal(found["loss"], [2.5, np.nan])


@pytest.mark.parametrize("kind", SAME)
def test_the_names_of_columns_are_those_of_the_table(read: Read, tmp_path: Path, kind: str) -> None:
    content, name = SAME[kind]
    table = read(content, name).table

    assert column_names(tmp_path / name, (tmp_path / name).read_bytes()) == (list(table.columns), {})


@pytest.mark.parametrize(
    ("content", "name", "rows"),
    [
        ("# one\nN,loss\n\n1,2\n# two\n3,4\n", "runs.csv", [4, 6]),
        ('N,loss\n1,"2"\n"# no comment",3\n', "runs.csv", [2, 3]),
        ('N,note\n1,"two\n# lines"\n2,b\n', "runs.csv", [2, 3]),
        ("sep=;\nN;loss\n1;2\n", "runs.csv", [2]),
        ('{"N": 1}\n\n{"N": 2}\n', "runs.jsonl", [1, 3]),
        (RUNS.to_parquet(), "runs.parquet", [1, 2]),
    ],
)
def test_rows_count_as_the_file_is_shown(
    read: Read, content: str | bytes, name: str, rows: list[int]
) -> None:
    assert read(content, name).table.index.tolist() == rows


@pytest.mark.parametrize(
    ("content", "code", "doubtful", "said"),
    [
        (PLAIN.encode("utf-16"), "encoding", False, "text in UTF-16"),
        (
            PLAIN.replace("1000,a", "1000,\u00e4").encode("latin-1"),
            "encoding",
            True,
            "row 2 is not UTF-8 text: .* Latin-1",
        ),
        (
            "N,loss\n1,2\n#3,4\n5,6\n",
            "commented_rows",
            True,
            "look like rows, and are left out as comments: rows 3",
        ),
    ],
)
def test_what_had_to_be_understood_is_remarked_on(
    read: Read, content: str | bytes, code: str, doubtful: bool, said: str
) -> None:
    (remark,) = read(content).remarks

    assert (remark.code, remark.doubtful) == (code, doubtful)
    assert pd.Series([remark.message]).str.contains(said).all()


def test_a_plain_file_needs_no_remark(read: Read) -> None:
    assert read(PLAIN).remarks == ()
    assert read("# by hand\n" + PLAIN).remarks == ()


NESTED = pd.DataFrame(
    {"N": [1, 2], "layers": [[1, 2], [3]], "config": [{"seed": 1}, {"seed": 2}], "loss": [2.0, 1.0]}
)
NESTED_LINES = (
    '{"N": 1, "layers": [1], "config": {"seed": 1}, "loss": 2}\n{"N": 2, "loss": 1, "layers": null}\n'
)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (NESTED.to_parquet(), "runs.parquet"),
        (feather_of(NESTED), "runs.feather"),
        (NESTED_LINES, "runs.jsonl"),
    ],
)
def test_columns_of_lists_are_as_if_they_were_not_there_until_they_are_asked_for(
    read: Read, tmp_path: Path, content: str | bytes, name: str
) -> None:
    source = read(content, name)

    assert list(source.table.columns) == ["N", "loss"]
    assert not source.table.duplicated().any()
    names, nested = column_names(tmp_path / name, (tmp_path / name).read_bytes())
    assert (names, set(nested)) == (["N", "loss"], {"layers", "config"})
    with pytest.raises(
        LawbookError, match=r"column 'layers' holds lists.*, not one value a row; write what is"
    ):
        with_numbers(source, ["N", "layers"])


NOT_READ = {
    "a spreadsheet or archive": b"PK\x03\x04" + bytes(40),
    "an archive of NumPy arrays": (np.savez(out := io.BytesIO(), a=[1]), out.getvalue())[1],
    "a spreadsheet (or another file of Office)": b"\xd0\xcf\x11\xe0" + bytes(8),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(8),
    "a NumPy array": (np.save(array := io.BytesIO(), [1]), array.getvalue())[1],
    "an SQLite database": b"SQLite format 3\0",
    "a PDF": b"%PDF-1.4\n",
    "a pickle": pickle.dumps(RUNS),
    "a page of a website": b"\n<!DOCTYPE html><html>",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    "a picture": b"\x89PNG\r\n\x1a\n",
    "packed with bzip2": b"BZh91AY",
    "packed with xz": b"\xfd7zXZ\0",
    "packed with gzip twice": gzip.compress(gzip.compress(b"N\n1\n", mtime=0)),
    "an R data file": gzip.compress(b"X\n\0\0\0\x03", mtime=0),
}


@pytest.mark.parametrize("what", NOT_READ)
def test_kinds_that_are_not_read_are_told_by_their_first_bytes(read: Read, what: str) -> None:
    with pytest.raises(LawbookError, match=r"runs\.csv: is .*, and not read; ") as raised:
        read(NOT_READ[what])

    assert f"is {what}" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (gzip.compress(PLAIN.encode(), mtime=0)[:-6], "runs.csv.gz", "is no whole gzip file"),
        ("[{}]", "runs.json", "is one JSON list; write a JSON object per line"),
        ('{"N": 1}\n{"N": \n', "runs.jsonl", "row 2 is no JSON"),
        ('{"N": 1}\n7\n', "runs.jsonl", "row 2 is no JSON object"),
        ('{"N": 1, "N": 2}\n', "runs.jsonl", "row 1 has 'N' twice"),
        ("[" * 100_000, "runs.jsonl", "row 1 is no JSON"),
        ("1,2\n3,4\n", "runs.csv", "row 1 holds numbers, and no row above it names; give a header row"),
        ("# a\n# b\n1,2\n", "runs.csv", "row 3 holds numbers"),
        (",0,1\n0,5,6\n", "runs.csv", "row 1 holds numbers"),
        (b"N,loss\n1,\x81\n", "runs.csv", "row 2 is not UTF-8 text"),
        (b"\xe9\x01\x02", "runs.csv", "is not text"),
        (PLAIN.encode("utf-16")[:-1], "runs.csv", "is not whole text in UTF-16"),
        ("# nothing\n", "runs.csv", "is empty"),
        (b"PAR1 but no more", "runs.csv", "is not a Parquet table"),
        (b"N,loss\n", "runs.parquet", "is not a Parquet table"),
        (b"N,loss\n1,2\n", "runs.feather", r"is not an Arrow \(Feather\) table"),
        (feather_of(RUNS)[:200], "runs.feather", r"is not an Arrow \(Feather\) table"),
        (RUNS[:0].to_parquet(), "runs.parquet", "the table has no rows"),
    ],
)
def test_what_is_no_table_is_one_message(read: Read, content: str | bytes, name: str, said: str) -> None:
    with pytest.raises(LawbookError, match=said) as raised:
        read(content, name)

    assert "\n" not in str(raised.value)


def test_a_small_file_that_unpacks_without_end_is_refused(read: Read) -> None:
    zeros = gzip.compress(bytes(2**20)) * 300  # members of a gzip file follow one another

    with pytest.raises(LawbookError, match="unpacks to more than 256 MiB"):
        read(zeros, "runs.csv.gz")


def test_a_small_file_of_very_many_cells_is_refused() -> None:
    table = pa.table({f"c{i}": pa.nulls(10**6) for i in range(300)})
    pa.parquet.write_table(table, out := io.BytesIO())

    with pytest.raises(
        LawbookError, match="has 1,000,000 rows of 300 columns, more than the 250,000,000 cells"
    ):
        read_columnar(Path("runs.parquet"), out.getvalue(), Kind.PARQUET)


def test_columns_are_renamed_or_it_is_said_why_not(read: Read) -> None:
    source = read(PLAIN)

    assert list(renamed(source, {"N": "loss", "loss": "N"}).table.columns) == ["loss", "name", "N"]
    for names, said in (
        ({"M": "x"}, "no column 'M' to be renamed; valid names"),
        ({"N": "loss"}, "the table has such a column"),
        ({"N": "x", "loss": "x"}, "two columns would have one name"),
    ):
        with pytest.raises(LawbookError, match=said):
            renamed(source, names)


CELLS = st.text(
    st.characters(blacklist_categories=["C"], blacklist_characters='"\r\n'), min_size=1, max_size=8
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(CELLS, CELLS, st.integers(0, 9)), min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_whatever_stands_in_quotes_is_read_back(rows: list[tuple[str, str, int]], separator: str) -> None:
    lines = [separator.join(f'"{cell}"' for cell in ("first", "second", "n"))]
    lines += [separator.join(f'"{cell}"' for cell in row) for row in rows]
    found = Delimited(Path("runs.csv"), "\n".join(lines))

    assert found.separator == separator
    assert found.names == ["first", "second", "n"]
    assert [tuple(record) for record in found.records] == [tuple(map(str, row)) for row in rows]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_one_message(content: bytes) -> None:
    from lawbook.storage.user_table.delimited import decoded

    try:
        Delimited(Path("runs.csv"), decoded(Path("runs.csv"), content)[0]).refuse_ragged(Path("runs.csv"))
    except LawbookError as error:
        assert str(error).startswith("runs.csv: ")  # noqa: PT017
