"""The learning curves that a page carries, so that a point can be asked for those of its runs: thinned and packed."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lawbook.results.words import plain
from lawbook.storage.columns import SPLITS, metric_column

MOST_VALUES = 200_000
"""Values that a page carries at most, of all curves together: about 400 kB of it."""

MOST_STEPS, FEWEST_STEPS = 48, 8
"""Steps of one curve that are kept at most, and those below which runs are left out instead."""

MOST_COLUMNS = 8

_DIGITS = 3


@dataclass(frozen=True)
class LearningCurves:
    """Curves of runs: gzipped JSON as base64, with its columns, and how many runs were left out for their size.

    The JSON has `columns`; `runs`, their ids; `grids`, lists of steps, and `grid`, which of these each run has; and
    `values`, by column and run a value a step, null where there is none.
    """

    packed: str
    n_runs: int
    left_out: int


def pack_curves(
    curves: pd.DataFrame, run_ids: Collection[str], most: int = MOST_VALUES
) -> LearningCurves | None:
    """Pack every scalar along training of these runs, `most` values at most; None if there is no curve of them.

    Losses and errors come first. Curves are thinned evenly along their recorded steps; if that does not make room
    enough, runs are left out, evenly. The same table gives the same text.
    """
    rows = curves[curves["run_id"].isin(set(run_ids))]
    if "index" in rows:
        rows = rows[rows["index"].isna()]
    rows = rows[rows["split"].isna() | rows["split"].isin(SPLITS)]
    if rows.empty:
        return None
    named = rows["metric"].where(rows["split"].isna(), rows["split"] + "_" + rows["metric"])
    columns = _columns(named)
    table = rows.assign(column=named)[named.isin(columns)]
    # pivot_table would drop the steps at which a run has no value.
    wide = table.pivot(index=["run_id", "step"], columns="column", values="value").sort_index()  # noqa: PD010
    names = wide.index.get_level_values("run_id").to_numpy(dtype=str)
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]])
    runs = np.split(np.arange(len(names)), starts[1:])
    kept, steps = _within(len(runs), len(columns), most)
    places = [_evenly(runs[i], steps) for i in _evenly(np.arange(len(runs)), kept)]
    text = json.dumps(_content(wide, names, places, columns), separators=(",", ":"), allow_nan=False)
    packed = base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()
    return LearningCurves(packed, len(places), len(runs) - len(places))


def _columns(named: pd.Series) -> list[str]:
    """Return the columns that are kept, in the order in which a reader is offered them."""
    first = [
        metric_column(split, metric)
        for split in ("test", "train", "validation")
        for metric in ("loss", "error")
    ]
    there = set(named.unique())
    others = sorted(there.difference(first))
    return [column for column in (*first, *others) if column in there][:MOST_COLUMNS]


def _within(n_runs: int, n_columns: int, most: int) -> tuple[int, int]:
    """Return how many runs, and how many steps of each, there is room for.

    >>> _within(100, 6, 200_000), _within(2350, 6, 200_000), _within(50_000, 6, 200_000)
    ((100, 48), (2350, 14), (4166, 8))
    """
    steps = min(MOST_STEPS, most // (n_runs * n_columns))
    if steps >= FEWEST_STEPS:
        return n_runs, steps
    return min(n_runs, max(1, most // (n_columns * FEWEST_STEPS))), FEWEST_STEPS


def _evenly(places: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return the places, or `most` of them, the first and the last among these."""
    chosen = np.linspace(0, len(places) - 1, min(most, len(places))).round().astype(np.int64)
    return np.asarray(places[chosen])


def _content(
    wide: pd.DataFrame, names: NDArray[np.str_], places: Sequence[NDArray[np.int64]], columns: Sequence[str]
) -> Mapping[str, Any]:
    steps = wide.index.get_level_values("step").to_numpy()
    grids: dict[tuple[int, ...], int] = {}
    grid = [grids.setdefault(tuple(map(int, steps[at])), len(grids)) for at in places]
    values = [_short(wide[column].to_numpy(dtype=float)) for column in columns]
    return {
        "columns": [plain(column) for column in columns],
        "runs": [str(names[at[0]]) for at in places],
        "grids": [list(steps) for steps in grids],
        "grid": grid,
        "values": [[column[at].tolist() for at in places] for column in values],
    }


def _short(values: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return values with few significant digits; None where there is none."""
    size = np.abs(np.where(np.isfinite(values) & (values != 0), values, 1.0))
    places = _DIGITS - 1 - np.floor(np.log10(size))
    # Whole powers of ten are exact, so that a quotient is the shortest text of its digits.
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    short: NDArray[np.object_] = (np.round(values * up / down) * down / up).astype(object)
    short[~np.isfinite(values)] = None
    return short
