"""One question about one table, and the rows that it means: renamed, read as numbers, selected, the best of a sweep."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.forms import laws
from lawbook.laws.formulas import columns_in, index_in, is_formula
from lawbook.laws.note import Note
from lawbook.results.best_rows import best_rows
from lawbook.results.conditions import parse_condition, rows_where
from lawbook.results.table_notes import notes_of, repeats_in, seed_notes, seeds_in
from lawbook.storage.user_table import Source, refuse_nested, renamed, with_numbers

_WITH_INDEX = re.compile(r"(?P<y>[^\[\]]+)\[\s*`?(?P<index>[^\[\]`]+?)`?\s*\]")
"""A y with its index, loss[domain]."""


@dataclass(frozen=True)
class Question:
    """What is asked: y over x, by which laws. `compared`: which of several; `holdout`: scales held out, 0 = none.

    `held_schedule` names a schedule to predict from the others; `rename` {old: new} comes before all else; `where` are
    conditions that all rows must meet; the same is asked for each value of the columns `by`; `best_over` are those over
    which the row with the lowest `best_by`, or y, is taken; `target` are the places that the law `auto` is chosen for
    and predicts. A law is one of `lawbook.laws.laws`, a formula or `auto`; x may be left out where formulas name it.
    `index` is the column that parameters of formulas have as index, found in these.
    The other fields are those of `lawbook.laws.fit`; `cluster` None means: fold where it varies, else seed, else each
    row, or the runs that rows are checkpoints of.
    """

    y: str
    x: tuple[str, ...] | None
    laws: tuple[str, ...]
    compared: bool = False
    holdout: int = 0
    held_schedule: str | None = None
    cluster: tuple[str, ...] | None = None
    n_eval: str | int | None = None
    loss: str = "log_least_squares"
    delta: float | str | None = None
    weights: str | None = None
    rename: Mapping[str, str] = field(default_factory=dict)
    where: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    best_over: tuple[str, ...] = ()
    best_by: str | None = None
    target: tuple[str, ...] = ()
    index: str = ""
    draws: int = 1000
    level: float = 0.95
    seed: int = 0

    @property
    def number_columns(self) -> list[str]:
        """Return the columns that must hold numbers; a schedule, whose rows a law reads as one, may have a name."""
        of_schedules = any(name in laws and laws[name].coupled for name in self.laws)
        others = [self.weights, self.n_eval, self.best_by if self.best_over else None]
        inputs = [name for name in (self.x or ())[of_schedules:] if name != self.index]
        return [self.y, *inputs, *(column for column in others if isinstance(column, str))]

    @property
    def other_columns(self) -> list[str]:
        """Return the columns besides that the question names."""
        return [*(self.cluster or ()), *self.by, *self.best_over, *([self.index] if self.index else [])]


def with_inputs(question: Question, source: Source) -> Question:
    """Return a question with its x and index, of formulas the columns that they name.

    y may be written with the index, loss[domain]. Raises FormulaError for a bad formula, LawbookError for an index of
    y that a law does not have.
    """
    names = [*map(str, renamed(source, question.rename).table.columns), *source.nested]
    y, said = question.y, ""
    if y not in names and (found := _WITH_INDEX.fullmatch(y)):
        y, said = found["y"], found["index"]
    indices = {text: index_in(text, names, y) for text in question.laws if is_formula(text)}
    for text in question.laws:
        if said and (other := indices.get(text, "")) != said:
            has = (
                f"its index is {other}"
                if other
                else f"it has none: write E[{said}] for a parameter of each value"
            )
            if text not in indices:
                has = f"it has none; write a formula, or ask for each value by itself: --y {y} --by {said}"
            raise LawbookError(f"--y {question.y!r} has the index {said}, and the law {text!r} not: {has}")
    index = next(filter(None, indices.values()), "")
    read = [columns_in(text, names, y) for text in indices]
    x = question.x or tuple(dict.fromkeys(name for columns in read for name in columns))
    return replace(question, y=y, index=index, x=x)


def selected(question: Question, source: Source) -> tuple[pd.DataFrame, list[Note]]:
    """Return the rows that a question means, its columns as numbers, and notes on how they were read.

    Raises LawbookError, naming rows, for what is no number, and for conditions that are none or that no row meets.
    """
    source = renamed(source, question.rename)
    refuse_nested(source.nested, question.other_columns)
    names = [*map(str, source.table.columns), *source.nested]
    conditions = [parse_condition(text, names) for text in question.where]
    refuse_nested(source.nested, [condition.column for condition in conditions])
    wanted = question.number_columns
    compared = [one.column for one in conditions if one.compares_numbers or one.column in wanted]
    source = with_numbers(source, compared)
    source = with_numbers(replace(source, table=rows_where(source.table, conditions)), wanted)
    notes = notes_of(source.remarks)
    return source.table, notes if question.cluster else [*notes, *seed_notes(seeds_in(source.table))]


def best_of(question: Question, rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Return the best rows where the question asks for them, at each x and repeat, with notes on the choice."""
    if not question.best_over:
        return rows, []
    seeds = seeds_in(rows)
    repeats = [name for name in ("fold", *(seeds if len(seeds) == 1 else ())) if name in rows.columns]
    at = list(dict.fromkeys([*(question.x or ()), *repeats]))
    return best_rows(rows, question.best_over, at, question.best_by or question.y, question.y)


def cluster_of(question: Question, rows: pd.DataFrame) -> str | tuple[str, ...]:
    """Return the columns of independent repeats that a question means.

    Without a word on them, folds that vary, or seeds by another name; else what `gather` finds: seeds, or the runs of
    checkpoints.
    """
    found = tuple(name for name in repeats_in(rows) if name != "seed" and len(rows[name].unique()) > 1)
    return question.cluster or found or "seed"
