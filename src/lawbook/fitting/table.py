"""One question about one table, and its answer: the laws fitted, and which of them predicts; or one for each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from lawbook.errors import ExitCode, LawbookError, suggest
from lawbook.fitting.places import places_of
from lawbook.fitting.question import Question, best_of, cluster_of, selected, with_inputs
from lawbook.laws import Comparison, Fit, compare, fit, local_slopes
from lawbook.laws.automatic import Automatic, automatic
from lawbook.laws.checks import check_columns
from lawbook.laws.compare import laws_of
from lawbook.laws.forms import laws
from lawbook.laws.formulas import is_formula
from lawbook.laws.heldout_schedule import HeldSchedule, hold_out_schedule
from lawbook.laws.note import Note
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
AUTO = "auto"
"""The law that is chosen among the candidates of the inputs."""
_WORST = (ExitCode.OK, ExitCode.UNDECIDED, ExitCode.FAILED)
"""The worse an answer, the later it stands."""


@dataclass(frozen=True)
class Answer:
    """The fits by law, the comparison if laws were compared or scales held out, and the law that is shown first.

    `rows` are those that the laws were fitted to; `group` the values that they share, where a question was asked by
    groups. `held` is how the law predicts a schedule that it was not fitted to, if one was held out.
    """

    question: Question
    source: Source
    fits: dict[str, Fit]
    comparison: Comparison | None
    headline: str
    rows: pd.DataFrame = field(repr=False)
    asked: tuple[str, ...]
    """The names of the laws that were asked for, in `fits`."""
    automatic: Automatic | None = None
    """How the law was chosen, where that was asked for, and what the best laws predict together."""
    held: HeldSchedule | None = None
    group: Mapping[str, str] = field(default_factory=dict)

    @property
    def fit(self) -> Fit:
        """Return the fit of the law that is shown first."""
        return self.fits[self.headline]

    def slopes(self) -> pd.DataFrame | None:
        """Return the local slopes of the points; None with several inputs, or where they have no logarithm."""
        has_logarithms = self.fit.x_range[0][0] > 0 and not self.fit.law.shift
        if len(self.fit.inputs) > 1 or not has_logarithms or self.fit.n_points < 2:
            return None
        options = fit_options(self.question, self.rows)
        chosen = {name: options[name] for name in ("y", "cluster", "n_eval", "level")}
        return local_slopes(self.rows, x=self.fit.inputs[0], **chosen)

    @property
    def exit_code(self) -> ExitCode:
        """Return OK for an answer, FAILED if the law (of several: every law) is refused, UNDECIDED if it stays open."""
        if self.automatic is not None:
            sound = self.automatic.decided and self.fit.status == FitStatus.OK
            return ExitCode.OK if sound else ExitCode.UNDECIDED
        if not self.question.compared:
            return _EXIT_CODES[self.fit.status]
        if all(self.fits[name].status == FitStatus.REFUSED for name in self.asked):
            return ExitCode.FAILED
        found = self.comparison
        # A preferred law whose parameters the data do not fix is as open as one that was asked for alone.
        undecided = self.fit.status == FitStatus.NOT_IDENTIFIED or (
            found is not None and found.preferred == UNDECIDED
        )
        return ExitCode.UNDECIDED if undecided else ExitCode.OK


def ask(question: Question, source: Source) -> Answer:
    """Fit the laws to the rows that the question means. Raises LawbookError, naming the file, as `fit` does."""
    with _file_named(source):
        question = with_inputs(question, source)
        return _answer(question, source, *selected(question, source))


def ask_by_group(question: Question, source: Source) -> list[Answer]:
    """Ask the same of the rows of each combination of values of the question's columns `by`, in their order.

    Raises LawbookError, naming the group, for rows that `fit` cannot take.
    """
    with _file_named(source):
        question = with_inputs(question, source)
        rows, notes = selected(question, source)
        check_columns(rows, question.by)
        answers = []
        for values, members in rows.groupby(list(question.by), dropna=False, sort=True):
            group = {column: _named(value) for column, value in zip(question.by, values, strict=True)}
            try:
                answers.append(_answer(question, source, members, notes, group))
            except LawbookError as error:
                at = ", ".join(f"{column} = {value}" for column, value in group.items())
                raise LawbookError(f"where {at}: {error}") from None
        return answers


class Ended(Protocol):
    """What has an exit code: an answer, or the crossing of two."""

    @property
    def exit_code(self) -> ExitCode: ...


def worst_of(answers: Sequence[Ended], other: Ended | None = None) -> ExitCode:
    """Return the exit code of the worst answer, and of another result beside them."""
    codes = [one.exit_code for one in (*answers, other) if one is not None]
    return max(codes, key=_WORST.index)


@contextmanager
def _file_named(source: Source) -> Iterator[None]:
    try:
        yield
    except LawbookError as error:
        raise LawbookError(f"{source.file}: {error}") from None


def _named(value: object) -> str:
    """Return a value of a group as text that tells it from all others.

    >>> _named(1e9), _named(1000000001.0), _named(None), _named("web")
    ('1e+09', '1000000001.0', 'none', 'web')
    """
    if value is None or value != value:
        return "none"
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _answer(
    question: Question,
    source: Source,
    rows: pd.DataFrame,
    notes: Sequence[Note],
    group: Mapping[str, str] | None = None,
) -> Answer:
    """Fit the laws to these rows; the notes on how they came to be stand before those of each fit."""
    for name in question.laws:
        if not is_formula(name) and name not in laws and question.laws != (AUTO,):
            raise LawbookError(f"unknown law {name!r}; {suggest(name, [*laws, AUTO])}")
    rows, on_choice = best_of(question, rows)
    options = fit_options(question, rows)
    if question.laws == (AUTO,):
        return _automatic(question, source, rows, [*notes, *on_choice], options, group or {})
    forms, options["x"] = laws_of(question.laws, rows, question.y, question.x)
    asked = tuple(law.name for law in forms)
    found, held, headline = None, None, asked[0]
    if question.compared or question.holdout:
        if question.held_schedule is not None:
            raise LawbookError(
                "a schedule is held out of the fit of one law; give --law, and no --holdout-largest"
            )
        found = compare(rows, forms, holdout=question.holdout or 1, **options)
        fits, headline = dict(found.fits), _headline(question, asked, found)
    else:
        if question.held_schedule is not None:
            held = hold_out_schedule(rows, headline, question.held_schedule, **options)
        fits = {headline: fit(rows, forms[0], **options)}
    fits = {name: replace(one, notes=(*notes, *on_choice, *one.notes)) for name, one in fits.items()}
    return Answer(question, source, fits, found, headline, rows, asked, held=held, group=group or {})


def _automatic(
    question: Question,
    source: Source,
    rows: pd.DataFrame,
    notes: Sequence[Note],
    options: Mapping[str, Any],
    group: Mapping[str, str],
) -> Answer:
    """Choose a law for the question's targets, and fit the best one as if it had been asked for."""
    inputs = question.x or ()
    chosen = {name: options[name] for name in ("y", "x", "cluster", "weights", "level")}
    target = places_of(question.target, inputs, "--target")
    found = automatic(rows, target=target, **chosen)
    best = found.used[0]
    law = replace(best.law, name=best.candidate.name, source=best.candidate.source)
    fitted = fit(rows, law, **options)
    fits = {law.name: replace(fitted, notes=(*notes, *fitted.notes))}
    return Answer(question, source, fits, None, law.name, rows, (law.name,), found, group=group)


def _headline(question: Question, asked: tuple[str, ...], found: Comparison) -> str:
    """Return the law that was asked for; of several the preferred one, or while that is open the best predictor."""
    if not question.compared:
        return asked[0]
    if found.preferred in found.fits:
        return found.preferred
    sound = found.table.loc[found.table["status"] != FitStatus.REFUSED, "form"]
    return str(sound.iloc[0]) if len(sound) else asked[0]


def fit_options(question: Question, table: pd.DataFrame) -> dict[str, Any]:
    """Return the arguments of `fit` that a question means for a table."""
    return {
        "y": question.y, "x": question.x, "cluster": cluster_of(question, table), "n_eval": question.n_eval,
        "loss": question.loss, "delta": question.delta, "weights": question.weights, "draws": question.draws,
        "level": question.level, "seed": question.seed,
    }  # fmt: skip


def grid(fitted: Fit) -> np.ndarray:
    """Return the x of the predictions: to four times the largest; of several inputs the points themselves, (n, d).

    Of one input and an index the same for each value of the index.
    """
    if len(fitted.law.measured) > 1:
        return fitted.places
    at = fitted.law.measured[0]
    low, high = fitted.x_range[at]
    spaced = np.geomspace(low, _AHEAD * high, _GRID) if low > 0 else np.linspace(low, _AHEAD * high, _GRID)
    if len(fitted.inputs) == 1:
        return spaced[:, None]
    values = np.unique(fitted.places[:, 1 - at])
    x = np.empty((len(values) * _GRID, 2))
    x[:, at], x[:, 1 - at] = np.tile(spaced, len(values)), np.repeat(values, _GRID)
    return x
