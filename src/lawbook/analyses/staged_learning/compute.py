"""Single tasks in the curves of a study: their losses along training, and the steps after which they are learned."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from lawbook.errors import LawbookError
from lawbook.laws.censored import CensoredLine, censored_line
from lawbook.results.reader import Results
from lawbook.theory.quanta import frequencies

BIT_NATS = math.log(2)
PREFIX = "task_"
"""Splits `task_1`, `task_2`, … of a curve are its tasks, the most frequent first."""


def task_losses(results: Results, runs: pd.DataFrame) -> pd.DataFrame:
    """Return the loss of each task along the curves of some runs: run_id, step, rank, p, seed, loss in nats.

    p is the task's frequency. Raises LawbookError if the runs have no curves of single tasks.
    """
    curves = results.curves
    of_task = curves["split"].str.startswith(PREFIX, na=False) & (curves["step"] > 0)
    mine = curves[of_task & curves["run_id"].isin(runs["run_id"])]
    if mine.empty:
        raise LawbookError("the runs have no losses of single tasks; choose runs of the task sparse_parity")
    table = pd.DataFrame(
        {
            "run_id": mine["run_id"],
            "step": mine["step"],
            "rank": mine["split"].str.removeprefix(PREFIX).astype(int),
            "loss": mine["value"],
        }
    ).merge(runs[["run_id", "n_tasks", "alpha", "seed"]], on="run_id")
    parts = [
        part.assign(
            p=frequencies(int(part["n_tasks"].iloc[0]), float(part["alpha"].iloc[0]))[part["rank"] - 1]
        )
        for _, part in table.groupby(["n_tasks", "alpha"])
    ]
    return pd.concat(parts).sort_values(["run_id", "rank", "step"], ignore_index=True)


def steps_to_learn(losses: pd.DataFrame, bits: float) -> pd.DataFrame:
    """Return per run and task the evaluations between which its loss first fell below so many bits.

    losses: as `task_losses` gives them. Columns run_id, seed, rank, p, low, high: low < step ≤ high, low 0 before
    the first evaluation; where the task was not learned, high is infinite and low the last evaluation.
    """
    below = losses["loss"] < bits * BIT_NATS
    keys = ["run_id", "rank"]
    tasks = losses.groupby(keys)[["seed", "p"]].first()
    first = losses[below].groupby(keys)["step"].min().reindex(tasks.index)
    reached = losses.merge(first.rename("high").reset_index(), on=keys)
    before = reached[~(reached["step"] >= reached["high"])].groupby(keys)["step"].max()
    table = tasks.assign(low=before.reindex(tasks.index).fillna(0.0), high=first.fillna(np.inf))
    return table.reset_index().astype({"low": float, "high": float})


def lines_of_runs(times: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, CensoredLine | None]]:
    """Yield each run's steps to learn and the line log(steps) = a + b log p through them, None for too few."""
    for _, mine in times.groupby("run_id"):
        try:
            yield mine, censored_line(mine["p"], mine["low"], mine["high"])
        except LawbookError:
            yield mine, None


def staircase_ratios(losses: pd.DataFrame, runs: pd.DataFrame, bits: float) -> pd.Series:
    """Return per run Σ_k p_k [task k not below so many bits] · 1 bit over its test loss, at the last evaluation."""
    last = losses[losses["step"] == losses.groupby("run_id")["step"].transform("max")]
    unlearned = last["p"].where(last["loss"] >= bits * BIT_NATS, 0.0).groupby(last["run_id"]).sum() * BIT_NATS
    return unlearned / runs.set_index("run_id")["test_loss"].reindex(unlearned.index)
