"""Find where each run's metric reaches a level, and read others there."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs
from lawbook.analyses.at_level.block import TABLES, AtLevelBlock
from lawbook.errors import LawbookError, suggest
from lawbook.laws.law import Array
from lawbook.laws.repeats import independent, mean_interval
from lawbook.results.evaluations import metrics_along
from lawbook.results.selection import of_sweep, where


def compute(block: AtLevelBlock, inputs: Inputs) -> dict[str, pd.DataFrame]:
    """Return the tables 'values' and 'means'."""
    return level_tables(block, inputs.results.runs, inputs.results.curves)


def level_tables(block: AtLevelBlock, runs: pd.DataFrame, curves: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the tables of a table of runs and one of their curves.

    Raises LawbookError for a metric that the curves lack.
    """
    rows = where(of_sweep(runs, block.sweep), block.where)
    along = metrics_along(curves[curves["run_id"].isin(rows["run_id"])])
    for name in (block.metric, *block.read):
        if name not in along:
            raise LawbookError(f"the curves have no {name!r}; {suggest(name, map(str, along))}")
    of_run = dict(list(along.groupby("run_id")))
    values = [
        each for run in rows.to_dict("records") for each in _of_run(block, run, of_run.get(run["run_id"]))
    ]
    table = pd.DataFrame(values, columns=list(TABLES["values"])).astype({"x": float})
    return {"values": table, "means": _means(table.merge(rows[["run_id", *independent(rows)]], on="run_id"))}


def crossing(steps: Array, values: Array, level: float, rising: bool) -> float:
    """Compute the step at which values (n,) at rising steps (n,) first reach a level, NaN if they do not.

    Between two evaluations the values are taken to be linear in the step.

    >>> crossing(np.array([0.0, 10.0, 20.0]), np.array([3.0, 2.0, 1.0]), 1.5, rising=False)
    15.0
    """
    beyond = values >= level if rising else values <= level
    if not beyond.any():
        return np.nan
    i = int(np.argmax(beyond))
    if i == 0:
        return float(steps[0])
    share = (level - values[i - 1]) / (values[i] - values[i - 1])
    return float(steps[i - 1] + share * (steps[i] - steps[i - 1]))


def _of_run(block: AtLevelBlock, run: dict[Any, Any], along: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return the rows of one run: what is read where it reaches the level."""
    level = block.at_least if block.at_most is None else block.at_most
    assert level is not None
    step = np.nan
    if along is not None:
        step = crossing(*_curve(along, block.metric), level, rising=block.at_most is None)
    found = []
    for name in block.read:
        value = first = last = np.nan
        steps, values = _curve(along, name) if along is not None else (np.array([]), np.array([]))
        if len(steps):
            last = values[-1]
            first = values[0] if steps[0] == 0 else np.nan
            value = float(np.interp(step, steps, values, left=np.nan, right=np.nan))
        y = {"value": value, "growth": value / first if first else np.nan, "change_after": last - value}[
            block.give
        ]
        found.append({"run_id": run["run_id"], "metric": name, "x": run[block.x] if block.x else np.nan, "step": step,
                      "value": value, "first": first, "last": last, "y": y})  # fmt: skip
    return found


def _curve(along: pd.DataFrame, name: str) -> tuple[Array, Array]:
    """Return the steps at which a metric is known, and its values, (n,) each."""
    known = along[["step", name]].dropna().sort_values("step")
    return known["step"].to_numpy(dtype=float), known[name].to_numpy(dtype=float)


def _means(values: pd.DataFrame) -> pd.DataFrame:
    """Return the means over repeats at each x of each metric."""
    repeats = independent(values) or ["run_id"]
    found = []
    for (metric, x), part in values.groupby(["metric", "x"], dropna=False, sort=False):
        reached = part.dropna(subset=["y"])
        mean, low, high = mean_interval(reached.groupby(repeats, dropna=False)["y"].mean())
        found.append({"metric": metric, "x": x, "y": mean, "low": low, "high": high, "step": reached["step"].mean(),
                      "n_runs": len(part), "n_reached": len(reached)})  # fmt: skip
    return pd.DataFrame(found, columns=list(TABLES["means"])).sort_values(["metric", "x"], ignore_index=True)
