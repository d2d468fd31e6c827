"""Importing: the table that a study was given becomes its table of runs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.storage.status import RunStatus
from lawbook.storage.user_table import read_source
from lawbook.studies.plan import Plan


def import_table(plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the runs of a study that is given a table, and where they come from (table 'source').

    The rows stand in their order, under the study's column names. What every table of runs has is added where
    it lacks: `run_id` (row_1, row_2, … as the rows stand), `status` ('ok'), `reason` and `diverged_step`
    (null). Raises LawbookError, naming file, column and rows, for a table without rows, a run_id that stands
    twice, an unknown status, and text in a column that a law fits.
    """
    source = plan.source
    if source is None:
        raise LawbookError(f"{plan.study.file}: the study trains its runs, so it has no table to import")
    given = read_source(source.file)
    runs = given.table[list(source.columns.values())].set_axis(list(source.columns), axis=1)
    runs = runs.reset_index(drop=True)
    digits = len(str(len(runs)))
    rows = [f"row_{i:0{digits}d}" for i in range(1, len(runs) + 1)]
    if "run_id" not in runs:
        runs.insert(0, "run_id", rows)
    runs["run_id"] = runs["run_id"].astype(str)
    added = {"status": RunStatus.OK.value, "reason": None, "diverged_step": None}
    runs = runs.assign(**{name: value for name, value in added.items() if name not in runs})

    def refuse(column: str, bad: pd.Series, problem: str, fix: str) -> None:
        if bad.any():
            at = np.flatnonzero(bad)
            shown = f"{listed(rows[i] for i in at)}: {listed(repr(runs[column].iloc[i]) for i in at)}"
            name = source.columns.get(column, column)
            raise LawbookError(f"{source.file}: column {name!r}: {problem} ({shown}); {fix}")

    refuse(
        "run_id", runs["run_id"].duplicated(keep=False), "a run stands twice", "give each a name of its own"
    )
    known = ", ".join(RunStatus)
    refuse(
        "status",
        ~runs["status"].isin(list(RunStatus)),
        "this is no status",
        f"write {known}, or rename the column",
    )
    for column in plan.fitted_columns:
        text = runs[column].notna() & pd.to_numeric(runs[column], errors="coerce").isna()
        refuse(column, text, "a law fits numbers", "write numbers, and nothing where there is none")
    origin = {
        "file": plan.study.content.table.path if plan.study.content.table else "",
        "sha256": given.sha256,
        "rows": len(runs),
        "rename": json.dumps({old: new for new, old in source.columns.items() if old != new}),
    }
    return runs, pd.DataFrame([origin])
