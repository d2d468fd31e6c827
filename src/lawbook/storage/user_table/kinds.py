"""What kind of file a table lies in, told by its first bytes and then by its name; packed ones are unpacked."""

from __future__ import annotations

import gzip
import io
import zlib
from enum import Enum, auto
from pathlib import Path

from lawbook.storage.user_table.problem import TableError

ENDINGS = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson", ".parquet", ".pq", ".feather", ".arrow")
"""Endings of the names of tables; `.gz` may follow."""

_PARQUET, _ARROW, _JSON_LINES = (".parquet", ".pq"), (".feather", ".arrow"), (".jsonl", ".ndjson", ".json")
_LARGEST = 256 * 2**20
"""A packed file may unpack to so many bytes: some hundred times the largest table of runs that laws are fitted to."""
_GZIP = b"\x1f\x8b"
_AS_CSV = "save its columns as CSV"
_UNPACK = "unpack it, or pack it with gzip"
_NOT_READ = (
    (b"\xd0\xcf\x11\xe0", "a spreadsheet (or another file of Office)", "save the sheet as CSV"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _AS_CSV),
    (b"\x93NUMPY", "a NumPy array", _AS_CSV),
    (b"SQLite format 3\0", "an SQLite database", "export the query's result as CSV"),
    (b"%PDF", "a PDF", "ask its author for the table as CSV"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"MATLAB 5.0", "a MATLAB file", _AS_CSV),
    (b"RDX", "an R data file", "write it with write.csv"),
    (b"X\n\0\0\0", "an R data file", "write it with write.csv"),
    (b"<stata_dta>", "a Stata file", "export it as CSV"),
    (b"version https://git-lfs", "a pointer of Git LFS, the table itself is not here", "type git lfs pull"),
    (b"\x89PNG", "a picture", "give the numbers behind it as CSV"),
    (b"\xff\xd8\xff", "a picture", "give the numbers behind it as CSV"),
    (b"\x7fELF", "a program", "give a table"),
    (_GZIP, "packed with gzip twice", "unpack it once"),
    (b"BZh", "packed with bzip2", _UNPACK),
    (b"\xfd7zXZ\0", "packed with xz", _UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed with Zstandard", _UNPACK),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
)
"""First bytes of kinds that are not read, what they are, and the fix."""


class Kind(Enum):
    """The kinds of file that are read."""

    DELIMITED = auto()
    JSON_LINES = auto()
    PARQUET = auto()
    ARROW = auto()


def is_table_name(file: Path) -> bool:
    """Tell whether a file is named as a table is.

    >>> is_table_name(Path("a/runs.csv.gz")), is_table_name(Path("runs.xlsx"))
    (True, False)
    """
    return _ending(file) in ENDINGS


def unpacked(file: Path, content: bytes) -> bytes:
    """Return content unpacked if it is packed with gzip. Raises TableError if it is broken or unpacks without end."""
    if not content.startswith(_GZIP):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            plain = packed.read(_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(file, f"is no whole gzip file ({error})", "pack or fetch it again") from None
    if len(plain) > _LARGEST:
        problem = f"unpacks to more than {_LARGEST // 2**20} MiB"
        raise TableError(file, problem, "unpack it, and keep the rows and columns that are needed")
    return plain


def kind_of(file: Path, content: bytes) -> Kind:
    """Return the kind of an unpacked file. Raises TableError, with the fix, for one that is not read."""
    ending = _ending(file)
    if content.startswith(b"PAR1") or ending in _PARQUET:
        return Kind.PARQUET
    if content.startswith((b"ARROW1", b"FEA1")) or ending in _ARROW:
        return Kind.ARROW
    if found := _not_read(content):
        what, fix = found
        raise TableError(file, f"is {what}, and not read", fix)
    begins = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if ending == ".json" and begins == b"[":
        raise TableError(file, "is one JSON list", "write a JSON object per line, and call the file .jsonl")
    return Kind.JSON_LINES if ending in _JSON_LINES or begins == b"{" else Kind.DELIMITED


def _not_read(content: bytes) -> tuple[str, str] | None:
    """Return what a file is that is not read, and the fix; None for any other."""
    for start, what, fix in _NOT_READ:
        if content.startswith(start):
            return what, fix
    if content.startswith(b"PK\x03\x04"):
        first = content[30:130].split(b"\0")[0]
        if b".npy" in first:
            return "an archive of NumPy arrays", _AS_CSV
        if b"data.pkl" in first:
            return "a file of PyTorch", _AS_CSV
        return "a spreadsheet or archive", "save the sheet as CSV, or unpack the archive"
    if content[:1] == b"\x80" and content[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "a pickle, which can run code when it is opened", "write the table as CSV or Parquet"
    begins = content[:200].lstrip().lower()
    if begins.startswith((b"<!doctype", b"<html", b"<?xml", b"<svg")):
        return "a page of a website or another markup", "fetch the table itself: the page shows it only"
    return None


def _ending(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix
