"""How the cases of a collapse are called in figures, report and claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results
from lawbook.results.selection import in_group, parse_group
from lawbook.results.words import plain, text_of


def case_name(case: str) -> str:
    """Return what a case is called.

    >>> case_name("schedule=linear,batch_size=64")
    'schedule linear, batch size 64'
    """
    return ", ".join(f"{plain(axis)} {value}" for axis, value in parse_group(case).items())


def case_with(table: pd.DataFrame, wanted: Mapping[str, Any]) -> str:
    """Return the one case of a table that has these values. Raises LawbookError for none or several."""
    cases = list(table["case"].unique())
    found = [case for case in cases if in_group(case, wanted)] if wanted else cases
    if len(found) != 1:
        told = ", ".join(f"{axis}={text_of(value)}" for axis, value in wanted.items()) or "nothing"
        fix = suggest(told, cases) if not found else f"add values that tell one of {'; '.join(found)}"
        raise LawbookError(f"{len(found)} cases have {told}; {fix}")
    return str(found[0])


def case_of_runs(results: Results, table: str, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table of the analysis of the one case that some runs belong to, empty for no runs.

    Raises LawbookError for runs of several cases, or of none.
    """
    rows = results.table(table)
    if runs.empty:
        return rows.iloc[:0]
    axes = list(parse_group(str(rows["case"].iloc[0])))
    wanted = {axis: runs[axis].unique() for axis in axes}
    for axis, values in wanted.items():
        if len(values) > 1:
            raise LawbookError(f"the claim is about one case; write one {axis} under where")
    case = case_with(rows, {axis: values[0] for axis, values in wanted.items()})
    return rows[rows["case"] == case]
