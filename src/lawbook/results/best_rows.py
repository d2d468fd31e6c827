"""The best rows of a sweep: at each place that with the lowest value of a column, over what was swept there."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.laws.checks import check_columns, numbers
from lawbook.laws.law import Counts
from lawbook.laws.note import Note, info, warning
from lawbook.storage.run_state import run_states
from lawbook.storage.status import RunStatus

_HIGHER_IS_BETTER = {"acc", "accuracy", "score", "bleu", "rouge", "reward", "auc", "f1"}
_LOWER_IS_BETTER = {"loss", "error", "err", "nll", "perplexity", "ppl", "entropy"}
_VALIDATION = {"val", "valid", "validation", "dev"}


def best_rows(
    table: pd.DataFrame, over: Sequence[str], at: Sequence[str], by: str, y: str
) -> tuple[pd.DataFrame, list[Note]]:
    """Return, for each combination of the columns `at`, the row with the lowest `by`, and notes on the choice.

    over: the columns that were swept and are chosen by this. Rows whose run diverged or did not end are not chosen;
    they stay, so that who reads the rows names them. Of equal rows the first is taken. The notes say from how many rows
    was chosen, and name the places where the best lies at an end of the values that were tried. Raises LawbookError for
    absent columns, for a `by` that is better when larger, and where no place has a row to choose.
    """
    check_columns(table, [*over, *at, by])
    _refuse_choice(over, at, by)
    states = run_states(table)
    ended = np.ones(len(table), dtype=bool) if states is None else states.status == RunStatus.OK.value
    judged = numbers(table, by)
    usable = ended & np.isfinite(judged)
    if not usable.any():
        raise LawbookError(f"--best-over: no run that ended has a finite {by!r}; choose by another column")
    place: Counts = np.asarray(table.groupby(list(at), dropna=False, sort=False).ngroup(), dtype=np.int64)
    in_order = np.flatnonzero(usable)[np.argsort(judged[usable], kind="stable")]
    _, first = np.unique(place[in_order], return_index=True)
    best = np.sort(in_order[first])
    notes = [_chosen_note(int(usable.sum()), over, at, by, y, table.index[best].tolist())]
    notes += [note for column in over for note in _edge_notes(table, place, best, column, at)]
    notes += _test_notes(by, [str(column) for column in table.columns])
    lost = ended & ~usable
    if lost.any():
        rows = table.index[lost].tolist()
        text = f"{len(rows)} rows have no finite {by} to be chosen by: rows {listed(rows)}"
        notes.append(warning("missing_best_by", text, rows=rows))
    return table[np.isin(np.arange(len(table)), best) | ~ended], notes


def _refuse_choice(over: Sequence[str], at: Sequence[str], by: str) -> None:
    both = [column for column in over if column in at]
    if both:
        fix = "choose over what else was swept"
        raise LawbookError(f"--best-over {both[0]!r} is also x, or tells the repeats; {fix}")
    if by in (*over, *at):
        fix = "name a loss or an error"
        raise LawbookError(f"--best-by {by!r} is also x, chosen over, or tells the repeats; {fix}")
    words = _words(by)
    if words & _HIGHER_IS_BETTER and not words & _LOWER_IS_BETTER:
        fix = "name a loss or an error with --best-by"
        raise LawbookError(f"{by!r} reads as better when larger, and the lowest would be chosen; {fix}")


def _chosen_note(
    n: int, over: Sequence[str], at: Sequence[str], by: str, y: str, rows: Sequence[object]
) -> Note:
    choice, place = ", ".join(over), ", ".join(at)
    text = f"{len(rows)} rows were chosen from {n}: at each {place} that over {choice} with the lowest {by}"
    if by == y:
        text += "; the lowest of several noisy values lies below their mean, so that y is too low by as much"
    return info("best_chosen", text, rows=list(rows), over=list(over), at=list(at), by=by, chosen_from=n)


def _edge_notes(
    table: pd.DataFrame, place: Counts, best: Counts, column: str, at: Sequence[str]
) -> list[Note]:
    """Return a warning that names the best rows at an end of the values of a column that were tried at their place.

    place: of each row, (rows,); best: which rows are best. A value whose run diverged was tried, too. Names have no
    ends.
    """
    values = pd.to_numeric(table[column], errors="coerce").astype(float)
    tried = values.groupby(place).agg(["min", "max"]).loc[place[best]].to_numpy()
    chosen = values.to_numpy()[best]
    several = tried[:, 0] < tried[:, 1]
    ends = {
        end: table.index[best[several & (chosen == tried[:, i])]].tolist()
        for i, end in enumerate(("smallest", "largest"))
    }
    rows = [row for at_end in ends.values() for row in at_end]
    if not rows:
        return []
    where = "; ".join(f"the {end} in rows {listed(at_end)}" for end, at_end in ends.items() if at_end)
    text = f"the best {column} is at an end of those tried at {len(rows)} of {len(best)} {', '.join(at)} ({where})"
    return [warning("best_at_edge", f"{text}: better ones may lie beyond", column=column, rows=rows)]


def _test_notes(by: str, columns: Sequence[str]) -> list[Note]:
    """Return a warning if rows are chosen on a test column although there is the same column of a validation split."""
    words = _words(by)
    twins = [
        name
        for name in columns
        if _words(name) & _VALIDATION and _words(name) - _VALIDATION == words - {"test"}
    ]
    if "test" not in words or not twins:
        return []
    text = f"the best rows are chosen by {by!r}, which is no test any more then; give --best-by {twins[0]}"
    return [warning("chosen_on_test", text, column=by, instead=twins)]


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+\d*|\d+", name)}
