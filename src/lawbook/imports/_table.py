"""The table of an import: rows of runs with typed columns, and the runs that give none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from lawbook.errors import LawbookError
from lawbook.imports import Rejected, Run, UnreadableError, Value
from lawbook.imports._mapping import RUN, STEP, RunMapping, rows_of, unwanted
from lawbook.imports._states import told
from lawbook.imports._values import number, one_line, quantity
from lawbook.storage.columns import Role

REJECTED = {"run": pa.string(), "name": pa.string(), "state": pa.string(), "reason": pa.string()}


@dataclass(frozen=True)
class Table:
    """The rows with the types and roles of their columns, and the runs that give none.

    incomplete: of the runs that give rows, but not at every step that is asked for, how many steps each lacks.
    """

    frame: pd.DataFrame
    types: Mapping[str, pa.DataType]
    roles: Mapping[str, Role]
    rejected: Sequence[Rejected]
    n_runs: int
    incomplete: Sequence[int]

    def reasons(self) -> list[str]:
        """Return the reasons of rejection, the most frequent first, with how many runs each stands for."""
        return [f"{n} × {reason}" for reason, n in Counter(one.reason for one in self.rejected).most_common()]

    def rejected_frame(self) -> pd.DataFrame:
        """Return a row per rejected run."""
        rows = [
            [one_line(text) for text in (one.run_id, one.name, told(one.state), one.reason)]
            for one in self.rejected
        ]
        return pd.DataFrame(rows, columns=list(REJECTED), dtype=object)


def once_each(found: Sequence[Run | Rejected]) -> tuple[list[Run], list[Rejected]]:
    """Return the runs, each id once, and those rejected: of runs of one id, the first stays."""
    runs: dict[str, Run] = {}
    rejected = []
    for one in found:
        if isinstance(one, Rejected):
            rejected.append(one)
        elif one.run_id in runs:
            rejected.append(Rejected(one.run_id, one.name, one.state, "another run has the same id"))
        else:
            runs[one.run_id] = one
    return list(runs.values()), rejected


def make_table(runs: Sequence[Run], rejected: Sequence[Rejected], mapping: RunMapping) -> Table:
    """Return the table that a mapping makes of runs."""
    rows: list[dict[str, Value]] = []
    out = list(rejected)
    kept, incomplete = 0, []
    for run in runs:
        reason = unwanted(run, mapping)
        if reason is None:
            try:
                found, lacking = rows_of(run, mapping)
                rows += found
                kept += 1
                incomplete += [lacking] if lacking else []
                continue
            except UnreadableError as error:
                reason = str(error)
        out.append(Rejected(run.run_id, run.name, run.state, reason))
    names = [RUN, *([] if mapping.at == "last" else [STEP]), *mapping.columns]
    required = set(mapping.required)
    columns = {}
    for name in names:
        values = [row[name] for row in rows]
        columns[name] = _typed(
            [quantity(value) for value in values] if name in required else values, name == RUN
        )
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, (values, _) in columns.items()})
    types = {name: kind for name, (_, kind) in columns.items()}
    roles: dict[str, Role] = {RUN: "identity", STEP: "axis"}
    roles |= {name: _role(place) for name, place in mapping.columns.items()}
    return Table(frame, types, {name: roles[name] for name in names}, out, kept, incomplete)


def _role(place: str) -> Role:
    roles: dict[str, Role] = {"run": "identity", "config": "axis"}
    return roles.get(place.partition(".")[0], "metric")


def _typed(values: Sequence[Value], is_text: bool) -> tuple[list[Value], pa.DataType]:
    """Return a column as truth values, whole numbers or numbers if all of it are, else as text; None is missing."""
    there = [value for value in values if value is not None]
    if there and not is_text:
        if all(isinstance(value, bool) for value in there):
            return list(values), pa.bool_()
        found = [number(value) for value in values]
        if found.count(None) == len(values) - len(there):
            if all(isinstance(value, int | None) for value in found):
                return list(found), pa.int64()
            return [None if value is None else float(value) for value in found], pa.float64()
    return [None if value is None else one_line(str(value)) for value in values], pa.string()


def refuse_empty(table: Table, n_found: int, where: str) -> None:
    """Raise LawbookError, with the reasons, for a table without rows."""
    if table.n_runs == 0:
        more = table.reasons()
        shown = "; ".join(more[:4]) + ("; …" if len(more) > 4 else "")
        raise LawbookError(
            f"none of {n_found} runs gives a row ({shown}); see {where}, and mend the mapping" if n_found
            else "the source holds no runs; name another"
        )  # fmt: skip
