"""Schedules as tables have them: named by words, with rows that tell the rate alone, and perhaps begun late.

A law of schedules reads each row's history from the rows before it (`lawbook.laws.forms._history`). What a table says
of the rate where it has no loss, as in a warm-up, belongs to that history and is no point of the fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from lawbook.errors import LawbookError, listed, suggest
from lawbook.laws.checks import check_columns, numbers
from lawbook.laws.law import Array, Law
from lawbook.laws.note import Note, info, warning
from lawbook.storage.status import RunStatus

_LATE = 3.0
"""A schedule begins late if its first step is so many times the usual distance of its rows."""


def read_schedules(
    table: pd.DataFrame, chosen: Sequence[Law], y: str, inputs: Sequence[str]
) -> tuple[pd.DataFrame, list[Law], list[Note]]:
    """Return a table whose rows have a y and whose schedules are numbers, the laws over the whole history, and notes.

    Names of schedules become their place in alphabetical order, which a note says. Rows without y are taken out of
    the table and into the laws. Where no law reads a history, table and laws are returned as they are.
    """
    if not any(law.coupled for law in chosen):
        return table, list(chosen), []
    check_columns(table, [y, *inputs])
    schedule, step, _ = inputs
    notes = []
    cells = table[schedule]
    if not pd.api.types.is_numeric_dtype(cells):
        named = cells.notna()
        names = sorted({str(value) for value in cells[named]})
        place = {name: float(i) for i, name in enumerate(names)}
        codes = [place[str(value)] if known else np.nan for value, known in zip(cells, named, strict=True)]
        table = table.assign(**{schedule: codes})
        shown = listed(f"{name} = {i}" for i, name in enumerate(names))
        notes.append(info("schedule_names", f"{schedule} by number: {shown}", names=names))
    x = np.stack([numbers(table, name) for name in inputs], axis=1)
    whole = np.isfinite(x).all(axis=1)
    told = whole & table[y].isna().to_numpy()
    if "status" in table:
        told &= ~table["status"].isin([RunStatus.DIVERGED, RunStatus.FAILED]).to_numpy(dtype=bool)
    if told.any():
        rows = table.index[told].tolist()
        text = (
            f"{len(rows)} rows have no {y} and tell the history of their schedule alone: rows {listed(rows)}"
        )
        notes.append(info("history_rows", text, rows=rows))
        chosen = [with_history(law, x[told]) if law.coupled else law for law in chosen]
    late = []
    for label in np.unique(x[whole, 0]):
        steps = np.unique(x[whole & (x[:, 0] == label), 1])
        if len(steps) > 2 and steps[0] > _LATE * np.median(np.diff(steps)):
            late.append((float(label), float(steps[0])))
    if late:
        shown = listed(f"{label:g} at {step} {first:g}" for label, first in late)
        text = f"{schedule} begins far from step 0 ({shown}): its first rate is taken to have held from step 0 on; give"
        text += f" rows without {y} that tell the rate before, as in a warm-up"
        notes.append(warning("late_start", text, steps=[first for _, first in late]))
    return table[~told], list(chosen), notes


def numbered(x: ArrayLike | pd.DataFrame, schedule: str, notes: Sequence[Note]) -> ArrayLike | pd.DataFrame:
    """Return places with the schedules that a fit's notes name as their numbers, others as they are.

    Raises LawbookError for a schedule that the fit did not see.
    """
    names = next((note.details["names"] for note in notes if note.code == "schedule_names"), None)
    if names is None or not isinstance(x, pd.DataFrame):
        return x
    check_columns(x, [schedule])
    if pd.api.types.is_numeric_dtype(x[schedule]):
        return x
    for name in x[schedule].unique():
        if name not in names:
            raise LawbookError(f"{schedule} = {name!r} is none of the fit's; {suggest(name, names)}")
    return x.assign(**{schedule: x[schedule].map({name: float(i) for i, name in enumerate(names)})})


def with_history(law: Law, rows: Array) -> Law:
    """Return a law of schedules that reads these rows (m, 3) besides those it is asked for.

    >>> from lawbook.laws.forms import laws
    >>> whole = np.array([[0.0, 10.0, 1.0], [0.0, 20.0, 0.5]])
    >>> parameters = np.array([1.0, 10.0, 0.1, 0.5, 10.0])
    >>> told = with_history(laws["annealing"], whole[:1]).log_predict(whole[1:], parameters)
    >>> bool(told == laws["annealing"].log_predict(whole, parameters)[1:])
    True
    """

    def joined(x: Array) -> Array:
        return np.concatenate([x, rows])

    def part(value: Array, n: int) -> Array:
        return value if value.shape[-1] == 1 else value[..., :n]

    return replace(
        law,
        log_basis=lambda x, theta: [part(term, len(x)) for term in law.log_basis(joined(x), theta)],
        slopes=lambda x, theta: {
            key: part(slope, len(x)) for key, slope in law.slopes(joined(x), theta).items()
        },
        box=lambda x: law.box(joined(x)),
    )
