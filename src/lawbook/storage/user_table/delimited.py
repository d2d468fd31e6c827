"""Text with a separator between cells: CSV and its kin, however they are encoded, separated and commented."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from lawbook.errors import listed
from lawbook.storage.user_table.cells import MISSING, values_of
from lawbook.storage.user_table.problem import Remark, TableError

_SEPARATORS = ("\t", ";", "|", ",")
_BLANK = " "
_SAMPLE = 50
"""So many lines tell the separator."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", ""),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
"""Byte-order marks, the codec of each, and its name where it is to be told."""
_FIX = "save the table as CSV in UTF-8"


class Delimited:
    """The cells of a text: `names` of the columns, `rows` where each record stands, `records`, how they are separated.

    Rows count from 1 as a spreadsheet shows them: the header is one of them, and so are empty and commented lines.
    """

    def __init__(self, file: Path, text: str) -> None:
        """Take a text apart. Raises TableError for one without cells, and for one without a header."""
        lines = list(io.StringIO(text, newline=""))
        separator, lines = _announced(lines)
        self.separator = separator or _separator_of(lines)
        self.remarks: list[Remark] = []
        comments: dict[int, str] = {}
        try:
            found = [
                (row, record)
                for row, record in _records(lines, self.separator, comments)
                if any(map(str.strip, record))
            ]
        except csv.Error as error:
            raise TableError(file, f"is not a CSV table ({error})", "save it as CSV") from None
        if not found:
            raise TableError(file, "is empty", "give a header row and a row per run")
        header, *rest = found
        if (commented := self._commented_header(comments, header)) is not None:
            header, rest = commented, found
        elif all(map(_is_number, filter(str.strip, header[1]))):
            problem = f"row {header[0]} holds numbers, and no row above it names"
            raise TableError(file, problem, "give a header row")
        self.header_row = header[0]
        self.names = [name.strip() for name in header[1]]
        self.rows, self.records = [row for row, _ in rest], [record for _, record in rest]
        self._remember_rows_commented_out(comments)

    def _commented_header(
        self, comments: dict[int, str], first: tuple[int, list[str]]
    ) -> tuple[int, list[str]] | None:
        """Return the names in the last comment above a first row with numbers in it, as NumPy writes them."""
        above = [row for row in comments if row < first[0]]
        if not above or not any(map(_is_number, first[1])):
            return None
        names = next(_reader([comments[above[-1]].lstrip("#").strip()], self.separator), [])
        is_header = len(names) == len(first[1]) and not any(map(_is_number, names))
        return (above[-1], names) if is_header else None

    def _remember_rows_commented_out(self, comments: dict[int, str]) -> None:
        """Remark on comments below the header that have as many cells as it: they may be rows of runs."""
        width = len(self.names)
        like_rows = [
            row
            for row, text in comments.items()
            if row > self.header_row and len(next(_reader([text], self.separator), [])) == width > 1
        ]
        if like_rows:
            text = (
                f"{len(like_rows)} lines with a # before them look like rows, and are left out as comments: rows"
                f" {listed(like_rows)}"
            )
            self.remarks.append(Remark("commented_rows", text, tuple(like_rows), doubtful=True))

    def refuse_ragged(self, file: Path) -> None:
        """Raise TableError, naming rows, for rows that have more or fewer cells than the header."""
        width = len(self.names)
        ragged = [
            (row, len(cells))
            for row, cells in zip(self.rows, self.records, strict=True)
            if len(cells) != width
        ]
        if ragged:
            shown = listed(f"{row} has {count}" for row, count in ragged)
            more = ragged[0][1] > width
            why = "a decimal comma, or a comma that is not in quotes?" if more else "a cell left out?"
            raise TableError(
                file, f"the header has {width} cells ({', '.join(self.names)}), row {shown}", why
            )
        if not self.rows:
            raise TableError(file, "the table has no rows below its header", "give a row per run")

    def columns(self) -> Iterator[tuple[str, list[str]]]:
        """Yield the name and the cells of each column that has a name."""
        for name, cells in zip(self.names, zip(*self.records, strict=True), strict=True):
            if name:
                yield name, [cell.strip() for cell in cells]


def decoded(file: Path, content: bytes) -> tuple[str, list[Remark]]:
    """Return the text of a file, and a remark that names its encoding where that is not UTF-8.

    Raises TableError for what is no text.
    """
    codec, name = next(((codec, name) for mark, codec, name in _MARKS if content.startswith(mark)), ("", ""))
    if not codec and (order := _unmarked_utf_16(content)):
        codec, name = order, "UTF-16"
    try:
        text = content.decode(codec or "utf-8")
    except UnicodeDecodeError as error:
        if codec:
            raise TableError(file, f"is not whole text in {name or 'UTF-8'}", _FIX) from None
        return _western(file, content, content[: error.start].count(b"\n") + 1)
    if "\0" in text:
        raise TableError(file, "is not text", "give a CSV or Parquet file")
    return text, [Remark("encoding", f"the file is text in {name}, and read as such")] if name else []


def _unmarked_utf_16(content: bytes) -> str:
    """Return the byte order of text in UTF-16 without a mark, whose every other byte is mostly 0; else ''."""
    sample = content[:4096]
    zeros = [Counter(sample[start::2])[0] / max(len(sample) / 2, 1) for start in (0, 1)]
    if zeros[1] > 0.7 and zeros[0] == 0:
        return "utf-16-le"
    return "utf-16-be" if zeros[0] > 0.7 and zeros[1] == 0 else ""


def _western(file: Path, content: bytes, row: int) -> tuple[str, list[Remark]]:
    """Return text that is not UTF-8 as Latin-1 with the letters of Windows, saying so."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        raise TableError(file, f"row {row} is not UTF-8 text", _FIX) from None
    if re.search(r"[\x00-\x08\x0e-\x1f\x7f]", text):
        raise TableError(file, "is not text", "give a CSV or Parquet file")
    said = f"row {row} is not UTF-8 text: the file is read as Latin-1 (Windows-1252), in which any letter is possible"
    return text, [Remark("encoding", f"{said}; {_FIX} where its letters matter", (row,), doubtful=True)]


def _announced(lines: list[str]) -> tuple[str, list[str]]:
    """Return the separator that a first line `sep=;` announces, as Excel has it, else ''; and the other lines."""
    said = re.fullmatch(r'"?sep=(.)"?', lines[0].strip("\r\n"), re.IGNORECASE) if lines else None
    return (str(said[1]), lines[1:]) if said else ("", lines)


def _separator_of(lines: Sequence[str]) -> str:
    """Return what separates cells: of what stands in the header, that by which the next rows are as wide as it."""
    sample = [line for line in lines[: 10 * _SAMPLE] if line.strip() and not _is_comment(line)][:_SAMPLE]
    if not sample:
        return ","
    there = [separator for separator in _SEPARATORS if separator in sample[0]]
    widths = {separator: _widths(sample, separator) for separator in there or [_BLANK]}
    even = [s for s, found in widths.items() if len(set(found)) == 1 and found[0] > 1]
    if even:
        return max(even, key=lambda each: widths[each][0])
    return max(there, key=sample[0].count, default=",")


def _widths(lines: Sequence[str], separator: str) -> list[int]:
    try:
        return [len(record) for record in _reader(lines, separator)]
    except csv.Error:
        return [0]


def _reader(lines: Sequence[str] | Iterator[str], separator: str) -> Iterator[list[str]]:
    if separator == _BLANK:
        lines = (" ".join(line.split()) for line in lines)
    return csv.reader(lines, delimiter=separator, skipinitialspace=True)


def _records(lines: list[str], separator: str, comments: dict[int, str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the records of a text with their rows; lines with a # at their beginning go to `comments`.

    A # at the beginning of a line within quotes is no comment, so that lines are handed on one record at a time.
    """
    at = 0

    def one_by_one() -> Iterator[str]:
        nonlocal at
        while at < len(lines):
            at += 1
            yield lines[at - 1]

    records = _reader(one_by_one(), separator)
    row = 0
    while at < len(lines):
        row += 1
        if _is_comment(lines[at]):
            comments[row] = lines[at].strip()
            at += 1
        elif (record := next(records, None)) is not None:
            yield row, record


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _is_number(cell: str) -> bool:
    cell = cell.strip()
    return cell.lower() not in MISSING and values_of([cell]).dtype.kind in "if"
