"""Paired differences between runs that share seed and fold, with an interval that knows about shared data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.laws.repeats import mean_interval
from lawbook.results.words import count, enumerate_words, text_of
from lawbook.storage.status import RunStatus

FOLD = "fold"
_LOST = (RunStatus.DIVERGED, RunStatus.FAILED)


@dataclass(frozen=True)
class Difference:
    """Mean difference over `n` whole pairs, its interval, and what kept other pairs out (`lacking`)."""

    estimate: float
    low: float
    high: float
    n: int
    folds: int
    lacking: str
    note: str


def paired_difference(
    of: pd.DataFrame,
    minus: pd.DataFrame,
    column: str,
    paired_by: Sequence[str],
    axes: Sequence[str],
    level: float = 0.95,
) -> Difference:
    """Compute d̄ = mean_j (of_j − minus_j) over J pairs, with d̄ ± t_{J−1} · s · √(1/J + r).

    r = n_test / n_rest = 1/(k − 1) where the pairs spread over k > 1 disjoint test folds, each 1/k of the
    examples: pairs share training data, so that they vary less than independent ones would, and s²/J alone
    is too small (Nadeau and Bengio 2003, Machine Learning 52:239; for repeated cross-validation, Bouckaert
    and Frank 2004, PAKDD, LNCS 3056:3). k counts the folds that the pairs have: fewer folds than the task
    has widen the interval. r follows the split, whatever part of the rest a run was trained on. With one
    fold or none, r = 0: a plain t interval, given this test split.

    `of` and `minus` have a row per run, told apart by `axes`. Runs that diverged, failed or have no partner are
    counted in `lacking`, never dropped silently. Raises LawbookError for an absent column, and for several runs
    with one pair key.
    """
    for name in (column, *paired_by):
        if name not in of.columns:
            raise LawbookError(f"the runs have no column {name!r}; {suggest(name, of.columns)}")
    keys = list(paired_by)
    sides = [_one_per_key(side, keys, axes) for side in (of, minus)]
    both = sides[0].index.intersection(sides[1].index, sort=False).sort_values()
    alone = len(sides[0]) + len(sides[1]) - 2 * len(both)
    values = [side.loc[both, column].where(~side.loc[both, "status"].isin(_LOST)) for side in sides]
    gap = (values[0] - values[1]).to_numpy(dtype=float)
    whole = np.isfinite(gap)

    lacking = []
    for status in _LOST:
        bad = [side.loc[both, "status"].to_numpy() == status for side in sides]
        if n := int((bad[0] | bad[1]).sum()):
            lacking.append(f"{count(n, 'pair')} of {len(both)} with a run that {status}")
    if unseen := int((~whole).sum()) - sum(_has(sides, both)):
        lacking.append(f"{count(unseen, 'pair')} without a finite {column}")
    if alone:
        lacking.append(f"{count(alone, 'run')} without a partner")
    late = int(sum((side.loc[both, "status"] == RunStatus.UNCONVERGED).sum() for side in sides))
    note = f"{count(late, 'run')} had not converged" if late else ""

    gap, J = gap[whole], int(whole.sum())
    folds = int(both[whole].get_level_values(FOLD).nunique()) if FOLD in keys else 1
    measured = mean_interval(gap, level, shared=1 / (folds - 1) if folds > 1 else 0.0)
    return Difference(*measured, J, folds, "; ".join(lacking), note)


def _has(sides: Sequence[pd.DataFrame], both: pd.Index) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which pairs have a run that diverged or failed."""
    bad = [side.loc[both, "status"].isin(_LOST).to_numpy(dtype=bool) for side in sides]
    return np.asarray(bad[0] | bad[1], dtype=bool)


def check_alike(of: pd.DataFrame, minus: pd.DataFrame, axes: Sequence[str], free: Sequence[str]) -> None:
    """Raise LawbookError if the two sides differ in an axis besides those in `free`: no paired comparison."""
    if of.empty or minus.empty:
        return
    for axis in axes:
        if axis in free:
            continue
        left, right = (set(map(text_of, side[axis])) for side in (of, minus))
        if left != right:
            raise LawbookError(
                f"the two sides of the difference also differ in {axis}"
                f" ({_few(left)} against {_few(right)}); say which in 'where', or name it in 'of' and 'minus'"
            )


def _one_per_key(side: pd.DataFrame, keys: list[str], axes: Sequence[str]) -> pd.DataFrame:
    """Return the runs by their pair key. Raises LawbookError naming what tells several matches apart."""
    indexed = side.set_index(keys) if len(keys) > 1 else side.set_index(pd.Index(side[keys[0]], name=keys[0]))
    twice = indexed.index.duplicated(keep=False)
    if twice.any():
        first = indexed.index[twice][0]
        at = first if isinstance(first, tuple) else (first,)
        same = side[np.logical_and.reduce([side[k] == v for k, v in zip(keys, at, strict=True)])]
        apart = [a for a in axes if len(same[a].unique()) > 1]
        pair = ", ".join(f"{k} = {text_of(v)}" for k, v in zip(keys, at, strict=True))
        known = enumerate_words(apart) if apart else "no axis"
        raise LawbookError(
            f"{len(same)} runs match {pair} on one side of the difference; they differ in {known}:"
            " choose one in 'where', or add it to 'paired_by'"
        )
    return indexed


def _few(values: set[str]) -> str:
    shown = sorted(values)
    return ", ".join(shown[:4]) + (", …" if len(shown) > 4 else "")
