"""Which results of runs are read: at which evaluation, and at which value of an axis that is chosen by validation."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from lawbook.errors import LawbookError, suggest
from lawbook.laws.note import Note, info, warning
from lawbook.laws.repeats import independent
from lawbook.storage.columns import SPLITS, metric_column, split_and_metric
from lawbook.storage.status import RunStatus

At = Literal["last", "best", "every"]

BEST_BY = metric_column("validation", "loss")


def metrics_along(curves: pd.DataFrame) -> pd.DataFrame:
    """Return a row per run and evaluated step: run_id, step, samples_seen, and a column per metric or measurement.

    curves: the table 'curves', of which vectors are left out. A metric that a run lacks is null.
    """
    known = curves[(curves["split"].isin(SPLITS) | curves["split"].isna()) & curves["index"].isna()]
    measured = known["split"].isna()
    column = known["metric"].where(measured, metric_column(known["split"], known["metric"]))
    keys = ["run_id", "step", "samples_seen"]
    columns = {name: values.set_index(keys)["value"] for name, values in known.groupby(column)}
    wide = pd.DataFrame(columns).rename_axis(keys)
    return wide.rename_axis(columns=None).reset_index()


def final_metrics(curves: pd.DataFrame) -> pd.DataFrame:
    """Return a row per run with its metrics at the last evaluation, and the last value of each measurement.

    A measurement may be taken at other steps than the evaluations; one that was never taken is null.
    """
    metrics, measured = curves[curves["split"].notna()], curves[curves["split"].isna()]
    last = [
        rows[rows["step"] == rows.groupby(keys)["step"].transform("max")]
        for rows, keys in ((metrics, ["run_id"]), (measured, ["run_id", "metric"]))
    ]
    wide = metrics_along(pd.concat(last)).drop(columns=["step", "samples_seen"])
    return wide.groupby("run_id", as_index=False).first()


def runs_at(runs: pd.DataFrame, curves: pd.DataFrame | None, at: At, first_step: int = 1) -> pd.DataFrame:
    """Return a table of runs with the metrics of other evaluations than the last.

    at: 'last', the runs as they are; 'every', a row per run and evaluation; 'best', each run at its evaluation
    with the lowest validation loss, which is early stopping. Evaluations before `first_step` are left out. The
    rows have `step` and `samples_seen` besides; `flops` at every evaluation are those of the steps up to it, at the
    best one those of the whole run, which finding it took. Raises LawbookError without curves, or if there is no
    validation loss to choose by.
    """
    if at == "last":
        return runs
    if curves is None:
        raise LawbookError(f"points at {at} evaluation need the curves, and there are none; write at: last")
    along = metrics_along(curves[curves["step"] >= first_step])
    if at == "best":
        if BEST_BY not in along:
            fix = suggest(BEST_BY, map(str, along))
            raise LawbookError(f"the best evaluation is chosen by {BEST_BY!r}, which the curves lack; {fix}")
        lowest = along.dropna(subset=[BEST_BY]).groupby("run_id")[BEST_BY].idxmin()
        along = along.loc[lowest]
    finals = [column for column in along if column in runs.columns and column != "run_id"]
    rest = runs.drop(columns=[*finals, *(f"{column}_se" for column in finals if f"{column}_se" in runs)])
    rows = rest.merge(along, on="run_id", how="left" if at == "best" else "inner")
    if at == "every" and {"flops", "steps", "batch_size"} <= {*rows}:
        rows["flops"] *= rows["samples_seen"] / examples_of(rows)
    return rows


def examples_of(runs: pd.DataFrame) -> pd.Series:
    """Return the examples that each run sees in all its steps: B · steps, and more where its batches grow."""
    steps = runs["steps"]
    if "batch_growth" in runs:
        steps = steps + (runs["batch_growth"] - 1) * (steps - runs["growth_step"]).clip(lower=0)
    return runs["batch_size"] * steps


def choose(runs: pd.DataFrame, axis: str, x: str, y: str) -> tuple[pd.DataFrame, Note]:
    """Return, per x, the runs at the value of `axis` with the lowest mean validation metric over seeds.

    The metric is y with its split replaced by 'validation'. If y is itself a validation metric, it is chosen
    on every second seed and the others are returned: never both on the same runs, never on test. A value at
    which a run has no finite metric (diverged) is chosen only if all values have such runs. The note says
    what was chosen, and where the choice sits on the edge of the values tried.
    """
    metric = metric_column("validation", split_and_metric(y)[1])
    if metric not in runs.columns:
        raise LawbookError(
            f"{axis} is to be chosen on {metric!r}, which the runs lack; {suggest(metric, runs.columns)}"
        )
    judged, read = runs, runs
    if y == metric:
        keys = independent(runs)
        ranked = runs.groupby(keys, dropna=False).ngroup()
        judged, read = runs[ranked % 2 == 0], runs[ranked % 2 == 1]
    parts: list[pd.DataFrame] = []
    chosen: list[str] = []
    edge: list[str] = []
    for at, rows in judged.groupby(x):
        finite = rows.assign(_metric=rows[metric].where(rows["status"] != RunStatus.DIVERGED))
        means = finite.groupby(axis)["_metric"].agg(["mean", "count", "size"])
        whole = means[means["count"] == means["size"]]
        usable = (whole if len(whole) else means)["mean"].dropna()
        if usable.empty:
            continue
        value = usable.idxmin()
        chosen.append(f"{at:g}→{value:g}" if isinstance(value, float) else f"{at:g}→{value}")
        if len(means) > 1 and value in (means.index.min(), means.index.max()):
            edge.append(f"{at:g}")
        parts.append(read[(read[x] == at) & (read[axis] == value)])
    halves = " of every second seed, read on the others" if y == metric else ""
    text = f"{axis} chosen per {x} by the lowest mean {metric}{halves}: {', '.join(chosen)}"
    note = info("chosen", text, axis=axis, chosen=chosen)
    if edge:
        text += f"; on the edge of the values tried at {x} = {', '.join(edge)}"
        note = warning("chosen_at_edge", text, axis=axis, chosen=chosen, edges=edge)
    return (pd.concat(parts) if parts else read.iloc[:0]), note
