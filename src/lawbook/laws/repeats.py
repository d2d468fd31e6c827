"""Independent repeats: which column of a table tells them apart, and a mean over them with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from lawbook.laws.law import Array
from lawbook.laws.names import RUNS, RUNS_PERHAPS, bare
from lawbook.laws.note import Note, info
from lawbook.storage.user_table.seeds import seed_columns

_SHARE = 1 / 3
"""What is perhaps the name of a run stands at no more than this share of the places: else it is what runs share."""


def independent(runs: pd.DataFrame) -> list[str]:
    """Return the column whose values are independent repeats: the test folds if there are several, else the seeds.

    Empty where the table has neither: each run is then a repeat of its own. Seeds of one fold share its test
    images, so their errors move together: an interval over all of them would be narrower than the test images allow.
    Where the rows are evaluations along runs (a `run_id` stands in several), and no seed repeats them, the runs are
    what is independent.
    """
    folds = "fold" in runs.columns and len(runs["fold"].unique()) > 1
    seeds = "seed" in runs.columns and len(runs["seed"].unique()) > 1
    if not (folds or seeds) and "run_id" in runs.columns and runs["run_id"].duplicated().any():
        return ["run_id"]
    return [column for column in ("fold" if folds else "seed",) if column in runs.columns]


def usual_repeats(table: pd.DataFrame, inputs: Sequence[str]) -> tuple[tuple[str, ...], list[Note]]:
    """Return the columns of independent units of a table that nobody named them of, and a note if these are runs.

    That is `seed`, unless it is the same throughout: a constant tells no repeats. Else the column that tells runs
    apart of which the rows are checkpoints, said aloud; else none, and each row is one. A column that may be a
    misspelt `seed` is returned as that, so that it is asked for.
    """
    names = [str(column) for column in table.columns]
    if "seed" in names and (names.count("seed") > 1 or len(table["seed"].unique()) > 1):
        return ("seed",), []
    column = column_of_runs(table, inputs)
    if column is not None:
        count = table[column].nunique()
        text = f"{column} stands in several rows: its {count} values are taken for the independent runs, their rows"
        text += " for checkpoints; --cluster names another column"
        return (column,), [info("runs_as_units", text, column=column, runs=count)]
    misspelt = not seed_columns(names) and get_close_matches("seed", names, cutoff=0.75)
    return (("seed",) if misspelt else ()), []


def runs_over_index(table: pd.DataFrame, inputs: Sequence[str], index: str) -> tuple[list[str], list[Note]]:
    """Return the inputs as the columns of independent units where these are runs measured at each value of an index.

    So it is where no value stands twice at one place x, and most places have several: the losses of one run on several
    domains share its noise, and are resampled together. A note says so.
    """
    rows = table[[*inputs, index]].dropna()
    if rows.empty or rows.duplicated().any():
        return [], []
    each = rows.groupby(list(inputs)).size()
    if not (each > 1).mean() > 0.5:
        return [], []
    named = ", ".join(inputs)
    text = f"the rows of one {named} are taken for one run, measured at each {index}, and so for one independent unit;"
    text += " --cluster names another column"
    return list(inputs), [info("runs_over_index", text, columns=list(inputs), runs=len(each))]


def column_of_runs(table: pd.DataFrame, inputs: Sequence[str]) -> str | None:
    """Return the column that tells the runs apart of which the rows are checkpoints, None where there is none.

    Most of its values stand at several places x, and none in two rows of one place.
    """
    for known in (RUNS, RUNS_PERHAPS):
        for column in table.columns:
            if bare(column) not in known or column in inputs or (table.columns == column).sum() > 1:
                continue
            rows = table[[*inputs, column]].dropna()
            if rows.empty or not isinstance(rows[column].iloc[0], str | int | float | np.integer):
                continue
            places = rows[list(inputs)].drop_duplicates()
            each = rows.groupby(column).size()
            once = not rows.duplicated().any()
            apart = known is RUNS or each.max() <= max(1.0, _SHARE * len(places))
            if once and len(each) > 1 and (each > 1).mean() > 0.5 and apart:
                return str(column)
    return None


def mean_interval(
    values: ArrayLike, level: float = 0.95, shared: float | None = None
) -> tuple[float, float, float]:
    """Compute x̄ and its interval x̄ ± t_{n−1} s / √n, of values (n,) of independent repeats.

    shared: r, where the repeats share training data; then x̄ ± t_{n−1} s √(1/n + r) (Nadeau and Bengio 2003, Machine
    Learning 52:239). NaN ends for one value, all three for none or for a value that is missing: a mean over the
    others would be biased.
    """
    x = np.asarray(values, dtype=float)
    n = len(x)
    if n < 2:
        return float(x[0]) if n else np.nan, np.nan, np.nan
    mean, half = float(x.mean()), float(t_reach(n, level)) * float(x.std(ddof=1))
    half = half / np.sqrt(n) if shared is None else half * np.sqrt(1 / n + shared)
    return mean, float(mean - half), float(mean + half)


def t_reach(n: ArrayLike, level: float = 0.95) -> Array:
    """Return how many standard errors an interval over n repeats reaches: Student's t_{n−1}, NaN for n < 2."""
    n = np.asarray(n)
    return np.where(n > 1, stdtrit(np.maximum(n - 1, 1), (1 + level) / 2), np.nan)
