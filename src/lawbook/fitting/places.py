"""The places that a law is asked about: given one by one, as "N=7e10,D=1.4e12", or as a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.laws.checks import check_columns, numbers
from lawbook.laws.index import Index
from lawbook.storage.user_table import read_source, with_numbers
from lawbook.storage.user_table.numbers import number_in


def places_of(
    texts: Sequence[str], inputs: Sequence[str], option: str, index: Index | None = None
) -> pd.DataFrame | None:
    """Return a row per place with the inputs as columns, None where none is named.

    Each text is input=number for every input, with commas between, or the name of a table that has the inputs; an
    `index` is told by the name of its value. Raises LawbookError, naming the option, for an input that is missing,
    twice there or unknown, for no number and for no value of the index.

    >>> places_of(["N=70B, D=1.4e12"], ["N", "D"], "--at").to_dict("records")
    [{'N': 70000000000.0, 'D': 1400000000000.0}]
    """
    parts = [
        _table(text, inputs, index) if "=" not in text else _place(text, inputs, option, index)
        for text in texts
    ]
    return pd.concat(parts, ignore_index=True) if parts else None


def _place(text: str, inputs: Sequence[str], option: str, index: Index | None) -> pd.DataFrame:
    found: dict[str, float | str] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise LawbookError(
                f"{option} {text!r}: {part.strip()!r} is not input=number; its inputs: {', '.join(inputs)}"
            )
        if name not in inputs:
            raise LawbookError(f"{option} {text!r}: the law has no input {name!r}; {suggest(name, inputs)}")
        if name in found:
            raise LawbookError(f"{option} {text!r}: {name} stands twice; give it one value")
        if index is not None and name == index.column:
            if value not in index.values:
                raise LawbookError(
                    f"{option} {text!r}: {name} = {value!r} is none of the fit's; {suggest(value, index.values)}"
                )
            found[name] = value
            continue
        number = number_in(value)
        if number is None:
            raise LawbookError(f"{option} {text!r}: {value!r} is no number; write 7e10 or 70B")
        found[name] = number
    missing = [name for name in inputs if name not in found]
    if missing:
        raise LawbookError(f"{option} {text!r} gives no {missing[0]}; give all of {', '.join(inputs)}")
    return pd.DataFrame([found])[list(inputs)]


def _table(file: str, inputs: Sequence[str], index: Index | None) -> pd.DataFrame:
    source = with_numbers(read_source(Path(file)), [])
    check_columns(source.table, inputs)
    measured = [name for name in inputs if index is None or name != index.column]
    source = with_numbers(source, measured)
    table = pd.DataFrame({name: numbers(source.table, name) for name in measured})
    if index is not None:
        codes = index.codes(source.table[index.column])
        table = index.named(table.assign(**{index.column: codes}))
    return table[list(inputs)]
