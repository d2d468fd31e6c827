"""Importing: the table that a study was given becomes its table of runs."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.laws.forms import laws as forms
from lawbook.laws.note import Note, notes_to_json, warning
from lawbook.results.table_notes import notes_of, seed_notes
from lawbook.storage.run_state import run_states
from lawbook.storage.status import RunStatus
from lawbook.storage.user_table import Source, read_source, seed_columns, with_numbers
from lawbook.studies.plan import Plan


def import_table(plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the runs of a study that is given a table, and where they come from (table 'source').

    The rows stand in their order, under the study's column names; those whose run did not end are left out, and named
    in the source's notes. What every table of runs has is added where it lacks: `run_id` (row_1, row_2, … as the rows
    of the file stand), `status` ('ok'), `reason` and `diverged_step` (null). Raises LawbookError, naming file, column
    and rows, for a table without rows, a run_id that stands twice, an unknown status, and text in a column that a law
    fits.
    """
    source = plan.source
    if source is None:
        raise LawbookError(f"{plan.study.file}: the study trains its runs, so it has no table to import")
    given = read_source(source.file)
    try:
        runs, notes = _runs(plan, given)
    except LawbookError as error:
        raise LawbookError(f"{source.file}: {error}") from None
    origin = {
        "file": plan.study.content.table.path if plan.study.content.table else "",
        "sha256": given.sha256,
        "rows": len(given.table),
        "rename": json.dumps({old: new for new, old in source.columns.items() if old != new}),
        "notes": notes_to_json(notes),
    }
    return runs, pd.DataFrame([origin])


def _runs(plan: Plan, given: Source) -> tuple[pd.DataFrame, list[Note]]:
    """Return the runs in a table under the study's names, and notes on how the table was read."""
    assert plan.source is not None
    columns = plan.source.columns
    blocks = plan.study.content.laws.values()
    # A schedule, whose rows a law reads as one, may have a name.
    schedules = {
        block.inputs[0] for block in blocks if any(f in forms and forms[f].coupled for f in block.compare)
    }
    asked = {name for name, role in plan.roles.items() if role in ("size", "metric")} - schedules
    numbers = [name for name in columns if name in asked]
    given = with_numbers(given, [columns[name] for name in numbers])
    runs = given.table[list(columns.values())].set_axis(list(columns), axis=1)
    if "run_id" not in runs:
        digits = len(str(len(runs)))
        runs.insert(0, "run_id", [f"row_{i:0{digits}d}" for i in range(1, len(runs) + 1)])
    runs["run_id"] = runs["run_id"].astype(str)
    twice = runs["run_id"].duplicated(keep=False)
    if twice.any():
        shown = f"rows {listed(runs.index[twice])}: {listed(map(repr, runs['run_id'][twice]))}"
        named = columns.get("run_id", "run_id")
        raise LawbookError(f"column {named!r}: a run stands twice ({shown}); give each a name of its own")
    own_names = {old: new for new, old in reversed(list(columns.items()))}
    notes = [*notes_of(given.remarks), *seed_notes(seed_columns(own_names.values()))]
    states = run_states(runs)
    if states is not None:
        lost = states.status == RunStatus.FAILED.value
        runs = runs.assign(status=states.status)[~lost]
        if lost.any():
            rows = given.table.index[np.flatnonzero(lost)].tolist()
            text = f"{len(rows)} runs did not end ({states.words_at(lost)}) and are left out: rows {listed(rows)}"
            notes.append(warning("failed", text, rows=rows))
        if runs.empty:
            raise LawbookError(
                f"no run ended: all are {states.words_at(lost)}; give the table when some have"
            )
    added = {"status": RunStatus.OK.value, "reason": None, "diverged_step": None}
    runs = runs.assign(**{name: value for name, value in added.items() if name not in runs})
    return runs.reset_index(drop=True), notes
