"""Cases of an analysis: rows parted by the values of some axes, named as the groups of a law are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.results.reader import Results
from lawbook.results.selection import in_group, parse_group
from lawbook.results.words import plain, text_of


def cases(rows: pd.DataFrame, by: Sequence[str]) -> list[tuple[str, pd.DataFrame]]:
    """Return the rows of each combination of values that some axes have, with its name; '' and all rows by none.

    >>> [name for name, _ in cases(pd.DataFrame({"schedule": ["linear", "constant"]}), ["schedule"])]
    ['schedule=constant', 'schedule=linear']
    """
    if not by:
        return [("", rows)]
    return [
        (",".join(f"{axis}={text_of(value)}" for axis, value in zip(by, key, strict=True)), part)
        for key, part in rows.groupby(list(by), dropna=False)
    ]


def case_name(case: str) -> str:
    """Return what a case is called.

    >>> case_name("schedule=linear,batch_size=64")
    'schedule linear, batch size 64'
    """
    return ", ".join(f"{plain(axis)} {value}" for axis, value in parse_group(case).items())


def rows_of_case(results: Results, table: str, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table of an analysis of the one case that some runs belong to, none for no runs.

    Raises LawbookError for runs of several cases, or of none.
    """
    rows = results.table(table)
    if runs.empty or rows.empty:
        return rows.iloc[:0]
    wanted: dict[str, Any] = {}
    for axis in parse_group(str(rows["case"].iloc[0])):
        values = runs[axis].unique()
        if len(values) > 1:
            raise LawbookError(f"the claim is about one case; write one {axis} under where")
        wanted[axis] = values[0]
    return rows[rows["case"] == _case_with(list(rows["case"].unique()), wanted)]


def _case_with(known: Sequence[str], wanted: Mapping[str, Any]) -> str:
    found = [case for case in known if in_group(case, wanted)]
    if len(found) != 1:
        told = ",".join(f"{axis}={text_of(value)}" for axis, value in wanted.items())
        raise LawbookError(f"the analysis has no case {told!r}; {suggest(told, known)}")
    return found[0]
