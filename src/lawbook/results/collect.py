"""Collecting: the shards' tables become one table of runs, one of curves and one of costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lawbook.errors import LawbookError
from lawbook.results.derived import check_steps, derive
from lawbook.results.evaluations import final_metrics
from lawbook.storage.tables import n_rows, read_rows, read_table
from lawbook.studies.axes import HOW_TRAINED
from lawbook.studies.identity import Run
from lawbook.studies.plan import Plan
from lawbook.tasks import PoolTask, tasks

SCIENCE = ["run_id", "n_train", "n_unique", "status", "reason", "diverged_step"]
COSTS = [
    "run_id", "wall_s", "cpu_s", "peak_memory_bytes", "shard", "engine", "stack_size", "device", "cached",
    "measured", "versions", "digest", "data",
]  # fmt: skip
NOT_SCIENCE = ["shard", *HOW_TRAINED, "bytes", "predicted_s"]
"""Columns of the plan that say how and where a run is trained, not what came of it."""


def collect_runs(plan: Plan, shard_files: Sequence[Path]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables runs (science only, a row per planned run) and costs, sorted by run_id.

    shard_files: the `{shard}.parquet` of every shard; `{shard}.runs.parquet` lies beside each. The final metrics
    are a run's last evaluation, null where it diverged. Raises LawbookError if a planned run is missing, and for a
    metric that the task does not declare. The columns that the study derives stand last.
    """
    parts = [read_table(file.with_suffix(".runs.parquet")) for file in shard_files]
    outcomes = pd.concat(parts, ignore_index=True)
    planned = plan.table()
    missing = sorted(set(planned["run_id"]) - set(outcomes["run_id"]))
    if missing:
        raise LawbookError(
            f"{len(missing)} planned runs are in no shard, {missing[0]} first; delete the shards"
        )
    finals = pd.concat([final_metrics(read_table(file)) for file in shard_files], ignore_index=True)
    runs = planned.drop(columns=NOT_SCIENCE).merge(outcomes[SCIENCE], on="run_id", validate="one_to_one")
    runs = runs.merge(finals[sorted(map(str, finals))], on="run_id", how="left", validate="one_to_one")
    n_eval = {run.run_id: _n_eval(run) for run in plan.runs}
    if any(n is not None for n in n_eval.values()):  # else the error is the population's: no binomial noise
        runs["n_eval"] = runs["run_id"].map(n_eval).astype("Int64")
        if "test_error" in runs:
            runs["test_error_se"] = np.sqrt(runs["test_error"] * (1 - runs["test_error"]) / runs["n_eval"])
    if blocks := plan.study.content.columns:
        # A run's derived columns need its own curve alone, so that one shard at a time is in memory.
        of_shards = [runs[runs["run_id"].isin(part["run_id"])] for part in parts]
        derived, evaluated = [], set[int]()
        for rows, file in zip(of_shards, shard_files, strict=True):
            curves = read_table(file)
            derived.append(derive(rows, curves, blocks))
            evaluated |= {int(step) for step in curves["step"].unique() if step > 0}
        check_steps(blocks, evaluated)
        runs = pd.concat(derived, ignore_index=True)
    for column in runs:
        if column not in plan.roles:
            problem = f"its evaluation gives {column!r}, which it does not declare"
            raise LawbookError(f"task {plan.study.base['task']}: {problem}; add it to its metrics")
    return (
        runs.sort_values("run_id", ignore_index=True),
        outcomes[COSTS].sort_values("run_id", ignore_index=True),
    )


def _n_eval(run: Run) -> int | None:
    """Return the number of a run's test examples, None where its error is the population's."""
    task = tasks[run.config["task"]]
    return task.n_eval(run.config) if isinstance(task, PoolTask) else None


def sorted_curves(shard_files: Sequence[Path], rows_at_once: int = 1 << 21) -> Iterator[pa.Table]:
    """Yield the curves of all shards by run, step, split, metric and index, in parts of about `rows_at_once` rows.

    Each shard is read once a part, so that no more than a part and a shard are ever in memory; the parts do not
    depend on how the runs were sharded. Raises LawbookError for a shard that is absent or damaged.
    """
    ids = [
        read_table(file.with_suffix(".runs.parquet"))["run_id"].to_numpy(dtype=str) for file in shard_files
    ]
    runs = np.sort(np.concatenate(ids))
    runs_at_once = max(1, rows_at_once * len(runs) // max(1, sum(map(n_rows, shard_files))))
    for start in range(0, len(runs), runs_at_once):
        first, last = runs[start], runs[min(start + runs_at_once, len(runs)) - 1]
        wanted = (pc.field("run_id") >= first) & (pc.field("run_id") <= last)
        yield pa.concat_tables(
            read_rows(file, wanted)
            for file, of_shard in zip(shard_files, ids, strict=True)
            if ((of_shard >= first) & (of_shard <= last)).any()
        ).sort_by([(column, "ascending") for column in ("run_id", "step", "split", "metric", "index")])
