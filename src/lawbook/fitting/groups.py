"""The groups of runs that a law is fitted to: selected, split, choices made; and their points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from lawbook.errors import LawbookError, listed, suggest
from lawbook.laws.index import index_note, read_index
from lawbook.laws.loss import Loss
from lawbook.laws.note import Note, info, warning
from lawbook.laws.points import Points, gather
from lawbook.laws.repeats import independent, runs_over_index
from lawbook.results.evaluations import choose
from lawbook.results.selection import LawBlock, select
from lawbook.results.words import text_of
from lawbook.storage.status import RunStatus


@dataclass(frozen=True)
class Group:
    """The runs of one law block and one combination of its `by` values, choices made."""

    law: str
    group: str
    runs: pd.DataFrame
    notes: tuple[Note, ...]
    n_unconverged: int


def check_block(name: str, block: LawBlock, runs: pd.DataFrame) -> None:
    """Raise LawbookError if the block names a column or a form that is not there, or selects no run."""
    chosen = [block.choose] if block.choose else []
    for column in (block.y, *block.inputs, *block.by, *block.cluster, *block.where, *chosen):
        if column not in runs.columns:
            raise LawbookError(
                f"law {name!r}: the runs have no column {column!r}; {suggest(column, runs.columns)}"
            )
    for form in block.compare:
        try:
            block.form(form)
        except LawbookError as error:
            raise LawbookError(f"law {name!r}: {error}") from None
    if block.sweep is None and select(block, runs).empty:
        asked = [f"{column} = {value}" for column, value in block.where.items()]
        asked += [f"{block.inputs[0]} in {block.range}"] if block.range else []
        raise LawbookError(
            f"law {name!r}: no run has {' and '.join(asked) or 'been given'}; mend where or range"
        )
    Loss(block.loss, block.delta)


def groups_of(name: str, block: LawBlock, runs: pd.DataFrame) -> Iterator[Group]:
    """Yield the groups of a block, unconverged runs taken out and choices made."""
    selected = select(block, runs)
    by = list(block.by)
    split: list[tuple[str, pd.DataFrame]] = [("", selected)]
    if by:
        grouped = selected.groupby(by, dropna=False, sort=True)
        split = [(_group_name(by, key), rows) for key, rows in grouped]
    for label, rows in split:
        notes: list[Note] = []
        late = rows["status"] == RunStatus.UNCONVERGED
        if late.any():
            names = rows["run_id"][late].tolist()
            text = f"{len(names)} runs had not converged and are left out: {listed(names)}"
            notes.append(warning("unconverged", text, rows=names))
        twice = rows.drop(columns="run_id").duplicated()
        if twice.any():  # in a table that was given; planned runs differ in some axis
            names = rows["run_id"][twice].tolist()
            text = f"rows {listed(names)} repeat earlier rows exactly"
            notes.append(warning("duplicate_rows", text, rows=names))
        kept = rows[~late]
        if block.at == "every":
            text = (
                "the points of a run are evaluations along its training: intervals are over seeds, but tests of "
                "the fit take neighbouring points for independent"
            )
            notes.append(info("points_along_runs", text))
        if block.choose:
            kept, note = choose(kept, block.choose, block.inputs[0], block.y)
            notes.append(note)
        yield Group(name, label, kept, tuple(notes), int(late.sum()))


def _group_name(by: Sequence[str], values: Sequence[object]) -> str:
    return ",".join(f"{axis}={text_of(value)}" for axis, value in zip(by, values, strict=True))


def rows_of(block: LawBlock, group: Group, *columns: str) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of a group with its inputs and these columns, and the columns of independent repeats."""
    keys = list(block.cluster) or independent(group.runs)
    wanted = list(dict.fromkeys([*columns, *block.inputs, *keys, "status"]))
    table = group.runs[wanted].set_axis(group.runs["run_id"].to_numpy())
    # Runs are told apart by run_id: equal rows here are no duplicates.
    return table.assign(run_id=table.index), keys


def points_of(block: LawBlock, group: Group, y: str | None = None) -> Points:
    """Return the points of a group, with the test examples behind each error."""
    y = y or block.y
    error = y.endswith("error") and "n_eval" in group.runs.columns
    table, keys = rows_of(block, group, y, *(["n_eval"] if error else []))
    forms = [block.form(form) for form in block.compare]
    positive = any(law.positive_x for law in forms)
    indices = [law.index for law in forms if law.index is not None]
    table, index = read_index(table, forms)
    told: list[Note] = []
    if index and not keys:
        keys, told = runs_over_index(table, [name for name in block.inputs if name != index], index)
    points = gather(
        table,
        y=y,
        x=block.inputs,
        cluster=keys or None,
        n_eval="n_eval" if error else None,
        positive_x=positive,
        index=index,
    )
    return replace(points, notes=(*group.notes, *map(index_note, indices[:1]), *told, *points.notes))
