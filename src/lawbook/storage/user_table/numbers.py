"""Numbers as people write them: 1.4B, 1,000, 12 %, 2.1 ± 0.1, 3,14; understood where the whole column leaves no doubt.

A point or a comma before three digits says nothing by itself: 1.000 is one, or a thousand. What it is in a column is
told by the column's other cells, else by the other columns of the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

import numpy as np

from lawbook.errors import LawbookError, listed

_UNITS = {
    "k": 3, "thousand": 3, "m": 6, "mn": 6, "million": 6, "b": 9, "bn": 9, "g": 9, "billion": 9, "t": 12, "tn": 12,
    "trillion": 12, "%": -2,
}  # fmt: skip
"""What stands behind a number, in either case, and the power of ten by which it multiplies."""
_PERCENT = "%"
_UNIT = rf"(?:{'|'.join(sorted(_UNITS, key=len, reverse=True))})"
_BODY = r"(?:\d[\d.,_'’ ]*|[.,]\d+)"
_CELL = re.compile(
    rf"(?P<sign>[+-]?)(?P<body>{_BODY})(?:e(?P<exponent>[+-]?\d{{1,4}})|\s*[×x*]\s*10(?:\^|\*\*)(?P<power>[+-]?\d{{1,4}}))?"
    rf"\s*(?P<unit>{_UNIT})?"
    rf"(?P<error>\s*(?:±|\+/-|\+-|\\pm)\s*{_BODY}(?:e[+-]?\d+)?\s*(?P<unit_behind>{_UNIT})?)?",
    re.IGNORECASE,
)
_LIKE = str.maketrans({"−": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " "})
"""Signs and blanks of typesetting, as plain ones."""
_DOUBTFUL = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""1.000 or 1,000: a thousand, or one with three decimals."""
_ONCE = re.compile(r"\d*[.,]?\d*")
_GROUPED = re.compile(r"\d{1,3}(?P<by>[_'’ ])\d{3}(?:(?P=by)\d{3})*(?P<rest>[.,]\d*)?")
_BOTH = re.compile(r"\d{1,3}(?:,\d{3})+\.\d*|\d{1,3}(?:\.\d{3})+,\d*")
_OFTEN = re.compile(r"\d{1,3}(?:(?:,\d{3}){2,}|(?:\.\d{3}){2,})")
_SHAPES = (_ONCE, _GROUPED, _BOTH, _OFTEN)
_LONGEST = 100
"""Characters: what is longer is no number, and would take long to be found none."""
_SAMPLE = 1000
_PLAIN = "write 1000 for a thousand, 1.0 for one"
_EXPLAINED = {
    "error": " (what stands behind ± is not used)",
    "percent": " (a share)",
    "comma": " (with a decimal comma)",
}


@dataclass(frozen=True)
class Written:
    """How numbers are written in a file: what separates its cells, and which decimal marks each column shows."""

    separator: str = ","
    marks: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def beside(self, column: str) -> str:
        """Return the decimal mark that the other columns show, '' where they show none or both."""
        found = frozenset[str]().union(*(marks for name, marks in self.marks.items() if name != column))
        return next(iter(found)) if len(found) == 1 else ""


@dataclass(frozen=True)
class Reading:
    """A column as numbers, the places where it is written otherwise than a program would, and an example of each way.

    `doubt` says what else the column could mean, '' for nothing.
    """

    values: np.ndarray
    places: tuple[int, ...]
    examples: tuple[str, ...]
    doubt: str = ""


@dataclass(frozen=True)
class _Number:
    """The parts of one cell: sign, body, which may have marks in it, power of ten, unit, and what else there is."""

    sign: str
    body: str
    exponent: str
    power: str
    unit: str
    has_error: bool

    @property
    def is_doubtful(self) -> bool:
        """Tell whether the mark may be that of decimals or of thousands."""
        return not self.exponent and _DOUBTFUL.fullmatch(self.body) is not None

    @property
    def marks_shown(self) -> set[str]:
        """Return the decimal mark that the number shows beyond doubt."""
        grouped = _GROUPED.fullmatch(self.body)
        if _BOTH.fullmatch(self.body) or (grouped and grouped["rest"]):
            return {next(mark for mark in reversed(self.body) if mark in ".,")}
        if _OFTEN.fullmatch(self.body):
            return {"." if "," in self.body else ","}
        return set() if self.is_doubtful else {mark for mark in ".," if mark in self.body}


class _Column:
    """A column with the numbers in its cells, which can say which of its rows are wrong."""

    def __init__(self, name: str, cells: Sequence[str | None], rows: Sequence[object]) -> None:
        self.name, self.cells, self.rows = name, cells, rows
        parts = [None if cell is None else _parts(cell) for cell in cells]
        text = [i for i, cell in enumerate(cells) if cell is not None and parts[i] is None]
        if text:
            self.refuse("is not numeric", text, "write a number, or leave the cell empty")
        self.numbers: Mapping[int, _Number] = {i: part for i, part in enumerate(parts) if part is not None}

    def refuse(self, problem: str, places: Iterable[int], fix: str) -> None:
        """Raise LawbookError that names these rows."""
        places = list(places)
        where = f"rows {listed(self.rows[i] for i in places)} ({listed(repr(self.cells[i]) for i in places)})"
        raise LawbookError(f"column {self.name!r} {problem}: {where}; {fix}")


def numbers_in(name: str, cells: Sequence[str | None], rows: Sequence[object], written: Written) -> Reading:
    """Return the cells of a column, None for missing ones, as numbers.

    Raises LawbookError, naming rows and their values, for text, and for what could be read in two ways.
    """
    column = _Column(name, cells, rows)
    mark, doubt = _decimal_mark(column, written)
    _check_units(column)
    values, places, examples = np.full(len(cells), np.nan), [], dict[str, str]()
    for i, part in column.numbers.items():
        values[i] = _value(part, mark)
        if way := _way(part, mark):
            places.append(i)
            examples.setdefault(way, f"{cells[i]!r} is read as {values[i]:.6g}{_EXPLAINED.get(way, '')}")
    return Reading(values, tuple(places), tuple(examples.values()), doubt)


def number_in(text: str) -> float | None:
    """Return one number as `numbers_in` reads it, None if it is none or could be read in two ways.

    >>> number_in("1.4B"), number_in("1e9"), number_in("12 %"), number_in("web"), number_in("1,000")
    (1400000000.0, 1000000000.0, 0.12, None, None)
    """
    try:
        return float(numbers_in("", [text], [0], Written()).values[0])
    except LawbookError:
        return None


def marks_in(cells: Iterable[str]) -> frozenset[str]:
    """Return the decimal marks that the numbers in a column, the first thousand of them, show beyond doubt.

    >>> sorted(marks_in(["0.5", "1,000", "a, b"])), sorted(marks_in(["1.000,5"]))
    (['.'], [','])
    """
    parts = (_parts(cell) for cell in islice((one for one in cells if "." in one or "," in one), _SAMPLE))
    return frozenset().union(*(part.marks_shown for part in parts if part is not None))


def looks_like_thousands(cells: Sequence[str]) -> bool:
    """Tell whether every number of a column could have points between its thousands, and some have one.

    >>> looks_like_thousands(["500", "1.000", ""]), looks_like_thousands(["0.947", "1.000"])
    (True, False)
    """
    shape = re.compile(r"[+-]?([1-9]\d{0,2}(\.\d{3})*)?")
    return any("." in cell for cell in cells) and all(map(shape.fullmatch, cells))


@lru_cache(maxsize=4096)  # a column of sizes has few values
def _parts(cell: str) -> _Number | None:
    found = _CELL.fullmatch(cell.translate(_LIKE).strip()) if len(cell) <= _LONGEST else None
    if found is None:
        return None
    body = found["body"].strip()
    before, behind = (found["unit"] or "").lower(), (found["unit_behind"] or "").lower()
    if not any(shape.fullmatch(body) for shape in _SHAPES) or (before and behind and before != behind):
        return None
    return _Number(
        found["sign"],
        body,
        found["exponent"] or "",
        found["power"] or "",
        before or behind,
        bool(found["error"]),
    )


def _decimal_mark(column: _Column, written: Written) -> tuple[str, str]:
    """Return the decimal mark of a column, and what else the column could mean, '' for nothing."""
    read, decimal = column.numbers, written.beside(column.name)
    shown = {i: part.marks_shown for i, part in read.items() if "." in part.body or "," in part.body}
    points, commas = ([i for i, marks in shown.items() if mark in marks] for mark in ".,")
    if points and commas:
        fewer = min(points, commas, key=len)
        column.refuse("mixes decimal points and decimal commas", fewer, "write 3.14 throughout")
    if commas and decimal == "." and written.separator == ",":
        fix = "write 3.14 for 3,14 and 1000 for 1,000"
        column.refuse("is not numeric, since other columns have decimal points", commas, fix)
    doubtful = [i for i, marks in shown.items() if not marks]
    marks = {mark for i in doubtful for mark in ".," if mark in read[i].body}
    if points or commas or not doubtful:
        return ("," if commas else "."), ""
    if len(marks) > 1 or (marks == {","} and not decimal):
        column.refuse("can be read in two ways", doubtful, _PLAIN)
    if marks == {"."} and written.separator == ";" and decimal != ",":
        if all(_value(part, ".") % 1 == 0 for part in read.values()):
            column.refuse("can be read in two ways", doubtful, _PLAIN)
        said = (
            f"all of column {column.name!r} looks like thousands with a point ({column.cells[doubtful[0]]!r})"
        )
        return ".", f"{said}, and is read as decimals; if the point separates thousands, write 1000 for 1.000"
    return decimal or ".", ""


def _check_units(column: _Column) -> None:
    """Raise LawbookError where some cells have a unit, and which the others lack cannot be told."""
    units = {part.unit for part in column.numbers.values()} - {""}
    if _PERCENT in units:
        others = [i for i, part in column.numbers.items() if part.unit != _PERCENT]
        if others:
            column.refuse("has a percent sign in the other rows only", others, "write one unit throughout")
    elif units:
        # 512 beside 1k is 512; what 7 is beside 13B nobody can know.
        least = 10.0 ** (min(_UNITS[unit] for unit in units) - 3)
        few = [
            i for i, part in column.numbers.items() if not part.unit and 0 < abs(_value(part, ".")) < least
        ]
        if few:
            fix = f"write it in each row, as the others do ({', '.join(sorted(units))})"
            column.refuse("has no unit in some rows", few, fix)


def _value(part: _Number, mark: str) -> float:
    """Return the number of a cell whose decimal mark is known."""
    digits = re.sub(r"[_'’ ]", "", part.body).replace("," if mark == "." else ".", "").replace(mark, ".")
    power = int(part.exponent or part.power or 0) + _UNITS.get(part.unit, 0)
    return float(f"{part.sign}{digits}e{power}")


def _way(part: _Number, mark: str) -> str:
    """Return in which way a number is written otherwise than a program would, '' for none."""
    grouped = ("," if mark == "." else ".") in part.body or _GROUPED.fullmatch(part.body)
    ways = {
        "error": part.has_error, "percent": part.unit == _PERCENT, f"unit {part.unit}": part.unit, "power": part.power,
        "thousands": grouped, "comma": mark == "," and "," in part.body,
    }  # fmt: skip
    return next((way for way, is_so in ways.items() if is_so), "")
