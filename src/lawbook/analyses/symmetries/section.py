"""What the report says of scaling symmetries: how many there are, what they are, and what collapses with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from lawbook.analyses.symmetries.block import SymmetriesBlock
from lawbook.analyses.symmetries.words import kept_groups, reduced_of, symbol_of, symmetry_text
from lawbook.laws.note import Severity, notes_from_json, reason_of
from lawbook.report.sections import Section
from lawbook.results.reader import Results
from lawbook.results.words import count, enumerate_words, measured, name_of, number
from lawbook.storage.status import FitStatus


@dataclass(frozen=True)
class SymmetryTables:
    """One search: sentences, and the tables of exponents and singular values as texts."""

    name: str
    symbols: str
    sentences: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    value_columns: tuple[str, ...]
    value_rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def symmetry_tables(name: str, asked: SymmetriesBlock, found: Results) -> SymmetryTables:
    """Return what the report shows of one search."""
    summary, exponents, values = (
        found.table("summary").iloc[0],
        found.table("exponents"),
        found.table("values"),
    )
    columns = [*asked.hyperparameters, asked.y]
    symbols = {column: symbol_of(asked, column) for column in columns}
    written = [
        f"{symbol} for {name_of(column).removesuffix(f' {symbol}')}"
        for column, symbol in symbols.items()
        if symbol != column
    ]
    rows = []
    for pivot in exponents["symmetry"].unique():
        of = exponents[exponents["symmetry"] == pivot].set_index("of")
        rows.append(
            (symmetry_text(asked, exponents, pivot), *(_exponent(of.loc[column]) for column in columns))
        )
    last = f"power of {symbols[asked.y]}"
    return SymmetryTables(
        name,
        f"Written {enumerate_words(written)}." if written else "",
        tuple(_sentences(asked, summary, exponents, found.table("groups"))),
        ("symmetry", *(f"exponent of {symbols[column]}" for column in asked.hyperparameters), last),
        tuple(rows),
        ("singular value", *(number(place) for place in values["place"])),
        (("over the largest", *(_value(row) for row in values.to_dict("records"))),) if len(values) else (),
        tuple(
            f"{note.message[0].upper()}{note.message[1:]}."
            for note in notes_from_json(summary["notes"])
            if note.severity != Severity.REFUSAL
        ),
    )


def _sentences(
    asked: SymmetriesBlock, summary: pd.Series, exponents: pd.DataFrame, groups: pd.DataFrame
) -> Iterator[str]:
    n, loss = len(asked.hyperparameters), symbol_of(asked, asked.y)
    looked = (
        f"{count(summary['n_points'], 'point')}: {count(summary['n_settings'], 'setting')} and seeds at each "
        "evaluated step"
    )
    if summary["status"] != FitStatus.OK:
        yield f"No answer from {looked}: {reason_of(notes_from_json(summary['notes']))}."
        return
    bound = f"the errors of the derivatives move a value by {number(summary['bound'], 2)} at most"
    if not summary["symmetries"]:
        yield (
            f"No scaling symmetry. The smallest singular value is {number(summary['first'], 2)} of the largest, and "
            f"{bound} ({looked}). So no rescaling of the {count(n, 'hyperparameter')} leaves the curves of {loss} as "
            "they are: each of them matters by itself."
        )
        return
    kept = kept_groups(asked, groups)
    reduced = reduced_of(asked, exponents)
    yield (
        f"{_count(int(summary['symmetries']))}. Of {n + 1} singular values "
        f"the smallest {'one is' if summary['symmetries'] == 1 else f'{number(summary.symmetries)} are'} at most "
        f"{number(summary['last_null'], 2)} of the largest, the next one is {number(summary['first'], 2)}, and {bound} "
        f"({looked})."
    )
    if kept:
        matter = "number matters" if len(kept) == 1 else "numbers matter"
        agree = "it" if len(kept) == 1 else "them"
        yield (
            f"So of {count(n, 'hyperparameter')} {number(len(kept))} {matter}: {enumerate_words(kept)}. Runs of one "
            f"seed that agree in {agree} have one curve of {reduced} against the step."
        )
    else:
        yield f"So all runs of one seed have one curve of {reduced} against the step."
    if pd.notna(summary["deviation"]):
        yield (
            f"Tested on {count(summary['n_rescaled'], 'run')} far apart that agree so: their curves of {reduced} "
            f"differ by {number(summary['deviation'], 2)} of themselves at most."
        )
    if pd.notna(summary["spread_unscaled"]):
        first = enumerate_words(symbol_of(asked, name) for name in exponents["symmetry"].unique())
        yield (
            f"Where {first} vary and nothing else follows, the logarithm of {reduced} at the last step has a standard "
            f"deviation of {number(summary['spread_unscaled'], 2)}."
        )


def _count(symmetries: int) -> str:
    return "One scaling symmetry" if symmetries == 1 else f"{number(symmetries)} scaling symmetries"


def _exponent(row: pd.Series) -> str:
    """Write an exponent: the fraction that it is, with the half width of its interval, or the number with both ends."""
    if not isinstance(row["text"], str):
        return measured(row["value"], row["low"], row["high"])
    half = max(row["high"] - row["value"], row["value"] - row["low"])
    text = str(row["text"]).replace("-", "−")
    return text if half == 0 else f"{text} (± {number(half, 1)})"


def _value(row: Mapping[Any, Any]) -> str:
    return f"{number(row['value'], 2)}{' (0 within the errors)' if row['is_null'] else ''}"


def _values(blocks: Mapping[str, SymmetriesBlock], results: Results) -> Mapping[str, Any]:
    found = {name: results.analysis("symmetries", name) for name in blocks}
    shown = [symmetry_tables(name, block, found[name]) for name, block in blocks.items()]
    return {"searches": shown}


section = Section("Which hyperparameters matter", _values, first=True)
