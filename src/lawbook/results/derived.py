"""Columns that a study derives from a run's curve and from its other columns; values that are known by bounds alone.

A run that never crosses a level by its last evaluation has no step at which it first did: its value is null, and
`NAME_low` says above what it lies. What is made of such a value is null too, with bounds by interval arithmetic:
`NAME_low` < value ≤ `NAME_high`, either null where nothing bounds it. A value that is there is that of the first
evaluation at or beyond the level; the crossing itself lies after the evaluation before, which is `NAME_low`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError, listed
from lawbook.laws.law import Array, Flags
from lawbook.results.evaluations import metrics_along
from lawbook.storage.status import RunStatus
from lawbook.studies.columns_block import ColumnBlock, bounded, bounds_of, in_order


class Known(NamedTuple):
    """What is known of a column, (n,) each: the value, NaN where there is none, and low < value ≤ high."""

    value: Array
    low: Array
    high: Array

    @classmethod
    def exactly(cls, value: Array) -> Known:
        """Return values without doubt; where one is missing, nothing is known."""
        missing = ~np.isfinite(value)
        value = np.where(missing, np.nan, value).astype(float)
        return cls(value, np.where(missing, -np.inf, value), np.where(missing, np.inf, value))


def derive(runs: pd.DataFrame, curves: pd.DataFrame, blocks: Mapping[str, ColumnBlock]) -> pd.DataFrame:
    """Return the runs with their derived columns, and the bounds of those that may be censored.

    runs, curves: the tables of these names; step 0, before training, does not count. A run's columns follow from
    its own rows alone. At a step at which a run was not evaluated it has no value.
    """
    read = {block.along for block in blocks.values()}
    along = metrics_along(_with_entries(curves[curves["step"] > 0], read))
    uncertain = bounded(blocks)
    found: dict[str, Known] = {}
    for name in in_order(blocks):
        block = blocks[name]
        if block.first is not None:
            found[name] = _first_crossing(block, runs, along)
        elif block.along is not None:
            found[name] = Known.exactly(_of_curve(block, runs, along))
        else:
            found[name] = _combined(block, runs, found)
    columns: dict[str, Array] = {}
    for name in blocks:  # in the order in which the study names them
        columns[name] = found[name].value
        if name in uncertain:
            ends = (np.where(np.isfinite(end), end, np.nan) for end in found[name][1:])
            columns |= dict(zip(bounds_of(name), ends, strict=True))
    return runs.assign(**columns)


def check_steps(blocks: Mapping[str, ColumnBlock], evaluated: Collection[int]) -> None:
    """Raise LawbookError for a column that reads a step at which no run was evaluated.

    evaluated: the steps at which any run of the study was, step 0 apart; none where all diverged before the first.
    """
    for name, block in blocks.items():
        if block.at is not None and evaluated and block.at.step not in evaluated:
            steps = listed(sorted(evaluated))
            raise LawbookError(
                f"column {name!r}: no run was evaluated at step {block.at.step}, but at {steps}"
            )


def _with_entries(curves: pd.DataFrame, read: Collection[str | None]) -> pd.DataFrame:
    """Return the curves with those entries of vectors that are read as scalars, NAME[INDEX]."""
    vector = curves["index"].notna()
    entries = curves[vector & curves["metric"].isin({str(name).partition("[")[0] for name in read})]
    names = entries["metric"] + "[" + entries["index"].astype(int).astype(str) + "]"
    return pd.concat([curves[~vector], entries.assign(metric=names, index=np.nan)[names.isin(read)]])


def is_censored(rows: pd.DataFrame, column: str) -> Flags:
    """Return which rows have no value of a derived column, but a bound: (n,)."""
    low, high = (rows[bound].to_numpy(dtype=float) for bound in bounds_of(column))
    return np.asarray(rows[column].isna() & ((low > 0) | np.isfinite(high)), dtype=bool)


def _first_crossing(block: ColumnBlock, runs: pd.DataFrame, along: pd.DataFrame) -> Known:
    """Return where each run's metric is first at or beyond the level: at an evaluation, after the one before."""
    if block.metric not in along:
        return Known.exactly(np.full(len(runs), np.nan))
    evaluated = along.dropna(subset=[block.metric])
    place = evaluated["step" if block.first == "flops" else block.first].astype(float)
    if block.first == "flops":
        of_run = runs.set_index("run_id")
        last = along.groupby("run_id")["step"].max()
        of_a_step = of_run["flops"] / last.reindex(of_run.index)
        place = place * evaluated["run_id"].map(of_a_step).astype(float)
    # Without any value what is mapped would be text, hence `astype`.
    metric, run, ids = evaluated[block.metric], evaluated["run_id"], runs["run_id"]
    crossed = metric <= block.at_most if block.at_most is not None else metric >= block.at_least
    first = place[crossed].groupby(run[crossed]).min()
    short = ~(place >= run.map(first).astype(float))  # also all evaluations of a run that never crosses
    before = place[short].groupby(run[short]).max()
    value = np.asarray(ids.map(first), dtype=np.float64)
    low = np.asarray(ids.map(before), dtype=np.float64)
    # A run that crosses by its first evaluation, or diverges before it, began at 0.
    began = np.isfinite(value) | (runs["status"] == RunStatus.DIVERGED).to_numpy()
    low = np.where(np.isnan(low), np.where(began, 0.0, -np.inf), low)
    return Known(value, low, np.where(np.isfinite(value), value, np.inf))


def _of_curve(block: ColumnBlock, runs: pd.DataFrame, along: pd.DataFrame) -> Array:
    """Return a metric at one step of each run, or its mean, largest or smallest value along its curve."""
    column = block.along
    if column not in along:
        return np.full(len(runs), np.nan)
    values = along.set_index("run_id")[column]
    if block.at is not None:
        chosen = values[(along["step"] == block.at.step).to_numpy()]
    elif block.mean is not None:
        last = along.groupby("run_id")["step"].transform("max")
        late = along["step"] >= (1 - block.mean.last) * last
        chosen = values[late.to_numpy()].groupby(level=0).mean()
    else:
        grouped = values.groupby(level=0)
        chosen = grouped.max() if block.largest is not None else grouped.min()
    return runs["run_id"].map(chosen).to_numpy(dtype=float)


def _combined(block: ColumnBlock, runs: pd.DataFrame, found: Mapping[str, Known]) -> Known:
    """Return the ratio, difference or product of columns and numbers, with its bounds."""
    first, *rest = (_operand(operand, runs, found) for operand in block.operands)
    for other in rest:
        if block.difference is not None:
            first = Known(first.value - other.value, first.low - other.high, first.high - other.low)
        else:
            first = _times(first, _inverse(other) if block.ratio is not None else other)
    exact = np.isfinite(first.value)
    return Known(
        np.where(exact, first.value, np.nan),
        np.where(np.isnan(first.low), -np.inf, first.low),
        np.where(np.isnan(first.high), np.inf, first.high),
    )


def _operand(operand: str | float, runs: pd.DataFrame, found: Mapping[str, Known]) -> Known:
    if not isinstance(operand, str):
        return Known.exactly(np.full(len(runs), float(operand)))
    if operand in found:
        return found[operand]
    if operand not in runs:
        return Known.exactly(np.full(len(runs), np.nan))
    return Known.exactly(pd.to_numeric(runs[operand]).to_numpy(dtype=float, na_value=np.nan))


def _inverse(a: Known) -> Known:
    """Return 1 / a; of an interval with 0 inside nothing is known."""
    with np.errstate(divide="ignore"):
        one_sign = (a.low >= 0) | (a.high <= 0)
        low = np.where(a.high == 0, -np.inf, 1 / a.high)
        high = np.where(a.low == 0, np.inf, 1 / a.low)
        return Known(1 / a.value, np.where(one_sign, low, -np.inf), np.where(one_sign, high, np.inf))


def _times(a: Known, b: Known) -> Known:
    """Return a · b, by the corners of the two intervals."""
    with np.errstate(invalid="ignore"):
        corners = np.stack([a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high])
        corners = np.where(np.isnan(corners), 0.0, corners)  # 0 · ∞: the factor 0 decides
        return Known(a.value * b.value, corners.min(axis=0), corners.max(axis=0))
