"""Read the curves of each sweep over a size, and find why its power law breaks, if it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.breakdown.block import SIGNALS, TABLES, BreakdownBlock
from lawbook.errors import LawbookError
from lawbook.laws.breakdown import CAUSES, NONE, Curves, Diagnosis, diagnose, means
from lawbook.results.cases import cases
from lawbook.results.evaluations import runs_at
from lawbook.results.selection import of_sweep, where
from lawbook.storage.status import UNDECIDED, RunStatus

FOUND = (*CAUSES, UNDECIDED)


def compute(block: BreakdownBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'cases', 'confusion' and 'points'."""
    results = inputs.results
    given = inputs.plan.study.content.table is not None
    return breakdown_tables(block, results.runs, None if given else results.curves)


def breakdown_tables(
    block: BreakdownBlock, runs: pd.DataFrame, curves: pd.DataFrame | None = None
) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs, and of their curves where they were trained.

    Runs that did not end, or diverged, are left out. Raises LawbookError for columns that the runs lack, for a loss
    that is not above 0, and for a planted cause that is not known.
    """
    rows = where(runs if block.sweep is None else of_sweep(runs, block.sweep), block.where)
    rows = rows[rows["status"] == RunStatus.OK]
    steps = block.steps
    if curves is not None:
        rows, steps = runs_at(rows, curves, "every"), "step"
    for name in filter(None, (block.x, block.y, block.train, steps, *block.by, block.planted)):
        if name not in rows:
            raise LawbookError(f"the runs have no column {name!r}; name another")
    if rows.empty:
        raise LawbookError("no run is there that ended; name other values under where")
    for name in filter(None, (block.y, block.train)):
        if not (rows[name] > 0).all():
            raise LawbookError(f"{name} is not above 0 throughout, and has no logarithm; name another")
    of_cases, points = [], []
    for case, part in cases(rows, block.by):
        ends = _ends(block, part, steps)
        sizes, of_points = _points(ends)
        found = diagnose(sizes)
        of_cases.append(_row(found) | {
            "case": case, "planted": _planted(block, part), "n_sizes": len(sizes.sizes), "n_runs": len(ends),
        })  # fmt: skip
        points.append(of_points.assign(case=case))
    table = pd.DataFrame(of_cases, columns=[*TABLES["cases"]])
    return {
        "cases": table,
        "confusion": _confusion(table),
        "points": pd.concat(points, ignore_index=True)[[*TABLES["points"]]],
    }


_LOSSES = ("test", "train", "before", "least")
"""Log losses of a run: at the end on test and training examples, at half of the steps, and the lowest on test."""


def _ends(block: BreakdownBlock, rows: pd.DataFrame, steps: str | None) -> pd.DataFrame:
    """Return a row per size and seed with the columns x, seed and those of `_LOSSES`, NaN where they are not known."""
    x = rows[block.x].to_numpy(dtype=float)
    seed = (
        np.unique(rows["seed"], return_inverse=True)[1] if "seed" in rows else np.zeros(len(rows), dtype=int)
    )
    step = np.log(rows[steps].to_numpy(dtype=float)) if steps else np.zeros(len(rows))
    order = np.lexsort((step, seed, x))
    x, seed, step = x[order], seed[order], step[order]
    test = np.log(rows[block.y].to_numpy(dtype=float)[order])
    train = np.log(rows[block.train].to_numpy(dtype=float)[order]) if block.train else np.full(len(x), np.nan)
    first = np.flatnonzero(np.r_[True, (np.diff(x) != 0) | (np.diff(seed) != 0)])
    ends = []
    for start, stop in zip(first, [*first[1:], len(x)], strict=True):
        before = least = np.nan
        if step[stop - 1] > step[start]:
            before = np.interp(step[stop - 1] - np.log(2), step[start:stop], test[start:stop])
            least = test[start:stop].min()
        ends.append((x[start], seed[start], test[stop - 1], train[stop - 1], before, least))
    return pd.DataFrame(ends, columns=["x", "seed", *_LOSSES])


def _points(ends: pd.DataFrame) -> tuple[Curves, pd.DataFrame]:
    """Return the curves of a case, and the means of its losses over seeds."""
    sizes, at = np.unique(ends["x"], return_inverse=True)
    each = {name: np.full((int(ends["seed"].max()) + 1, len(sizes)), np.nan) for name in _LOSSES}
    for name, losses in each.items():
        losses[ends["seed"], at] = ends[name]
    known = {name: losses for name, losses in each.items() if np.isfinite(losses).any()}
    curves = Curves(
        sizes, each["test"], known.get("train"),
        (each["before"] - each["test"]) / np.log(2) if "before" in known else None,
        each["test"] - each["least"] if "least" in known else None,
    )  # fmt: skip
    points = pd.DataFrame({"x": sizes, "n_runs": np.bincount(at)})
    for name in _LOSSES:
        column = "y" if name == "test" else name
        points[column] = np.exp(means(known[name])[0]) if name in known else np.nan
    return curves, points.assign(error=means(each["test"])[1])


def _row(found: Diagnosis) -> dict[str, Any]:
    row: dict[str, Any] = {"found": found.cause, "reason": found.reason}
    if (seen := found.signals) is None:
        return row
    row |= {"early": seen.early.value, "late": seen.late.value, "misfit": seen.misfit}
    for name in SIGNALS:
        measured = getattr(seen, name)
        row |= {name: measured.value, f"{name}_error": measured.error}
    return row


def _planted(block: BreakdownBlock, rows: pd.DataFrame) -> str | None:
    """Return the cause that is known of a case. Raises LawbookError for several, and for one that there is not."""
    if block.planted is None:
        return None
    causes = rows[block.planted].fillna(NONE).unique()  # as a table's word `none` is read
    if len(causes) != 1 or causes[0] not in CAUSES:
        told = ", ".join(map(str, causes))
        raise LawbookError(
            f"{block.planted} of one case is {told}; give each case one of {', '.join(CAUSES)}"
        )
    return str(causes[0])


def _confusion(table: pd.DataFrame) -> pd.DataFrame:
    """Return the number of cases by planted cause, null where none is known, and by what was found."""
    planted: list[str | None] = [cause for cause in CAUSES if (table["planted"] == cause).any()] or [None]
    counts: list[dict[str, Any]] = []
    for cause in planted:
        rows = table if cause is None else table[table["planted"] == cause]
        counts += [
            {"planted": cause, "found": name, "n_cases": int((rows["found"] == name).sum())} for name in FOUND
        ]
    return pd.DataFrame(counts)
