"""One question about one table, and its answer: the laws fitted, and which of them predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lawbook.errors import ExitCode, LawbookError, listed, suggest
from lawbook.laws import Comparison, Fit, compare, fit, local_slopes
from lawbook.laws.forms import laws
from lawbook.laws.heldout_schedule import HeldSchedule, hold_out_schedule
from lawbook.laws.repeats import independent
from lawbook.storage.status import UNDECIDED, FitStatus
from lawbook.storage.user_table import Source

_GRID = 61
_AHEAD = 4.0
"""Predictions of a law with one input reach to so many times the largest x."""
_EXIT_CODES = {
    FitStatus.OK: ExitCode.OK,
    FitStatus.REFUSED: ExitCode.FAILED,
    FitStatus.NOT_IDENTIFIED: ExitCode.UNDECIDED,
}


@dataclass(frozen=True)
class Question:
    """What is asked: y over x, by which laws. `compared`: which of several; `holdout`: scales held out, 0 = none.

    `held_schedule` names a schedule to predict from the others.

    The other fields are those of `lawbook.laws.fit`; `cluster` None means: fold where
    it varies, else seed, else each row.
    """

    y: str
    x: tuple[str, ...]
    laws: tuple[str, ...]
    compared: bool = False
    holdout: int = 0
    held_schedule: str | None = None
    cluster: tuple[str, ...] | None = None
    n_eval: str | int | None = None
    loss: str = "log_least_squares"
    delta: float | str | None = None
    weights: str | None = None
    where: tuple[str, ...] = ()
    draws: int = 1000
    level: float = 0.95
    seed: int = 0


@dataclass(frozen=True)
class Answer:
    """The fits by law, the comparison if laws were compared or scales held out, and the law that is shown first.

    `held` is how that law predicts a schedule that it was not fitted to, if one was held out.
    """

    question: Question
    source: Source
    fits: dict[str, Fit]
    comparison: Comparison | None
    headline: str
    held: HeldSchedule | None = None

    @property
    def fit(self) -> Fit:
        """Return the fit of the law that is shown first."""
        return self.fits[self.headline]

    def slopes(self) -> pd.DataFrame | None:
        """Return the local slopes of the points; None with several inputs, or where they have no logarithm."""
        if len(self.question.x) > 1 or not self.fit.x_range[0][0] > 0 or self.fit.n_points < 2:
            return None
        table = rows_where(self.source.table, self.question.where)
        options = fit_options(self.question, table)
        chosen = {name: options[name] for name in ("y", "cluster", "n_eval", "level")}
        return local_slopes(table, x=self.question.x[0], **chosen)

    @property
    def exit_code(self) -> ExitCode:
        """Return OK for an answer, FAILED if the law (of several: every law) is refused, UNDECIDED if it stays open."""
        if not self.question.compared:
            return _EXIT_CODES[self.fit.status]
        if all(self.fits[name].status == FitStatus.REFUSED for name in self.question.laws):
            return ExitCode.FAILED
        found = self.comparison
        # A preferred law whose parameters the data do not fix is as open as one that was asked for alone.
        undecided = self.fit.status == FitStatus.NOT_IDENTIFIED or (
            found is not None and found.preferred == UNDECIDED
        )
        return ExitCode.UNDECIDED if undecided else ExitCode.OK


def ask(question: Question, source: Source) -> Answer:
    """Fit the laws to the rows that the question means. Raises LawbookError, naming the file, as `fit` does."""
    try:
        return _ask(question, source)
    except LawbookError as error:
        raise LawbookError(f"{source.file}: {error}") from None


def _ask(question: Question, source: Source) -> Answer:
    for name in question.laws:
        if name not in laws:
            raise LawbookError(f"unknown law {name!r}; {suggest(name, laws)}")
    table = rows_where(source.table, question.where)
    options = fit_options(question, table)
    if not question.compared and not question.holdout:
        name = question.laws[0]
        held = None
        if question.held_schedule is not None:
            held = hold_out_schedule(table, name, question.held_schedule, **options)
        return Answer(question, source, {name: fit(table, name, **options)}, None, name, held)
    if question.held_schedule is not None:
        raise LawbookError(
            "a schedule is held out of the fit of one law; give --law, and no --holdout-largest"
        )
    found = compare(table, question.laws, holdout=question.holdout or 1, **options)
    return Answer(question, source, found.fits, found, _headline(question, found))


def _headline(question: Question, found: Comparison) -> str:
    """Return the law that was asked for; of several the preferred one, or while that is open the best predictor."""
    if not question.compared:
        return question.laws[0]
    if found.preferred in found.fits:
        return found.preferred
    sound = found.table.loc[found.table["status"] != FitStatus.REFUSED, "form"]
    return str(sound.iloc[0]) if len(sound) else question.laws[0]


def fit_options(question: Question, table: pd.DataFrame) -> dict[str, Any]:
    """Return the arguments of `fit` that a question means for a table."""
    # Without a word on them, folds that vary; else what `gather` finds: seeds, or the runs of checkpoints.
    found = tuple(c for c in independent(table) if c != "seed" and len(table[c].unique()) > 1)
    cluster = question.cluster or found or "seed"
    return {
        "y": question.y, "x": question.x, "cluster": cluster, "n_eval": question.n_eval, "loss": question.loss,
        "delta": question.delta, "weights": question.weights, "draws": question.draws, "level": question.level,
        "seed": question.seed,
    }  # fmt: skip


def rows_where(table: pd.DataFrame, conditions: Sequence[str]) -> pd.DataFrame:
    """Return the rows that meet every `column=value`; several values of one column: any of them.

    Raises LawbookError for a condition without `=`, a column that is not there, or values that no row has.
    """
    wanted: dict[str, list[str]] = {}
    for condition in conditions:
        column, equals, value = condition.partition("=")
        if not equals:
            raise LawbookError(f"--where {condition!r}: write it as column=value")
        wanted.setdefault(column.strip(), []).append(value.strip())
    for column, values in wanted.items():
        if column not in table.columns:
            raise LawbookError(
                f"--where: the table has no column {column!r}; {suggest(column, map(str, table.columns))}"
            )
        cells = table[column]
        if pd.api.types.is_bool_dtype(cells):
            chosen = cells.astype(str).str.lower().isin([value.lower() for value in values])
        elif pd.api.types.is_numeric_dtype(cells):
            chosen = cells.isin([number for value in values for number in _as_number(value)])
        else:
            chosen = cells.astype(str).isin(values)
        if not chosen.any():
            there = listed(sorted({f"{v:g}" if isinstance(v, float) else str(v) for v in cells.dropna()}))
            raise LawbookError(f"--where: no row has {column} = {' or '.join(values)}; its values: {there}")
        table = table[chosen]
    return table


def _as_number(value: str) -> list[float]:
    try:
        return [float(value)]
    except ValueError:
        return []


def grid(fitted: Fit) -> np.ndarray:
    """Return the x of the predictions: to four times the largest; of several inputs the points themselves, (n, d)."""
    if len(fitted.inputs) > 1:
        return fitted.points[list(fitted.inputs)].to_numpy(dtype=float)
    low, high = fitted.x_range[0]
    spaced = np.geomspace(low, _AHEAD * high, _GRID) if low > 0 else np.linspace(low, _AHEAD * high, _GRID)
    return spaced[:, None]
