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


def _ends(block: BreakdownBlock, rows: pd.DataFrame, steps: str | None) -> pd.DataFrame:
    """Return a row per size and seed: logarithms of the losses at the end, at half of the steps, and of the lowest."""
    of_run = pd.DataFrame({"x": rows[block.x].astype(float), "seed": rows.get("seed", 0)})
    of_run["test"] = np.log(rows[block.y].astype(float))
    of_run["train"] = np.log(rows[block.train].astype(float)) if block.train else np.nan
    of_run["step"] = np.log(rows[steps].astype(float)) if steps else 0.0
    each = of_run.sort_values(["x", "seed", "step"]).groupby(["x", "seed"])
    ends = each.agg(
        test=("test", "last"), train=("train", "last"), least=("test", "min"), evaluations=("step", "nunique")
    )
    half = [
        np.interp(part["step"].iloc[-1] - np.log(2), part["step"], part["test"]) if steps else np.nan
        for _, part in each
    ]
    ends = ends.assign(before=half)
    alone = ends["evaluations"] < 2
    ends.loc[alone, ["before", "least"]] = np.nan
    return ends.reset_index()


def _points(ends: pd.DataFrame) -> tuple[Curves, pd.DataFrame]:
    """Return the curves of a case, and the means of its losses over seeds."""
    wide = {
        name: ends.pivot_table(index="seed", columns="x", values=name, dropna=False)
        for name in ("test", "train", "before", "least")
    }
    each = {name: table.to_numpy(dtype=float) for name, table in wide.items()}
    along = np.isfinite(each["before"]).any()
    sizes = wide["test"].columns.to_numpy(dtype=float)
    curves = Curves(
        sizes, each["test"], each["train"] if np.isfinite(each["train"]).any() else None,
        (each["before"] - each["test"]) / np.log(2) if along else None,
        each["test"] - each["least"] if along else None,
    )  # fmt: skip
    points = ends.groupby("x")[["test", "train", "before", "least"]].mean().pipe(np.exp)
    points = points.rename(columns={"test": "y"}).assign(n_runs=ends.groupby("x").size()).reset_index()
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
    planted = [cause for cause in CAUSES if (table["planted"] == cause).any()] or [None]
    counts: list[dict[str, Any]] = []
    for cause in planted:
        rows = table if cause is None else table[table["planted"] == cause]
        counts += [
            {"planted": cause, "found": name, "n_cases": int((rows["found"] == name).sum())} for name in FOUND
        ]
    return pd.DataFrame(counts)
