"""Collecting gives one row per planned run, science only, and the same bytes however runs were sharded."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from lawbook.errors import LawbookError
from lawbook.results.collect import collect_runs, sorted_curves
from lawbook.storage.tables import read_table, write_csv, write_parts, write_table
from lawbook.studies import Plan, load_study, make_plan
from lawbook.training.shard import train_shard

STUDY = """
title: Collecting
question: Is every run there?
task: {name: digits}
model: {name: mlp}
training: {steps: 8}
sweeps:
  grid: {axes: {width: [4, 8], samples: [40, 80], learning_rate: [0.001, 1000000.0]}}
shard_flops: LIMIT
"""


SOLVED = """
title: Collecting
question: Is every run there?
task: {name: TASK}
model: {name: MODEL}
sweeps:
  grid: {axes: {samples: [40, 80]}}
"""


def trained(folder: Path, limit: str) -> tuple[Plan, list[Path]]:
    return trained_as(folder, STUDY.replace("LIMIT", limit))


def trained_as(folder: Path, study: str) -> tuple[Plan, list[Path]]:
    (folder / "tiny.yaml").write_text(study)
    plan = make_plan(load_study(folder / "tiny.yaml"))
    files = []
    for name, runs in plan.shards.items():
        curves, outcomes = train_shard(runs, shard=name, cache=folder / "cache", code="1")
        files.append(folder / f"{name}.parquet")
        write_table(curves, files[-1], "curves")
        write_table(outcomes, files[-1].with_suffix(".runs.parquet"), "outcomes")
    return plan, files


def test_runs_are_the_same_bytes_however_they_were_sharded(tmp_path: Path) -> None:
    found = []
    for limit in ("1e12", "1.0"):
        folder = tmp_path / limit
        folder.mkdir()
        plan, files = trained(folder, limit)
        runs, costs = collect_runs(plan, files[::-1])
        write_table(runs, folder / "runs.parquet")
        found.append((len(files), (folder / "runs.parquet").read_bytes(), len(costs)))
    assert [n for n, _, _ in found] == [2, 4]
    assert found[0][1:] == found[1][1:]


@pytest.mark.parametrize(
    ("task", "model", "margins"),
    [
        ("perceptron", "max_margin", True),
        ("teacher_logistic", "logistic", True),
        ("quanta", "memory", True),
        ("gaussian_regression", "min_norm", False),
    ],
)
def test_what_solved_models_tell_besides_their_losses_has_a_role(
    tmp_path: Path, task: str, model: str, margins: bool
) -> None:
    plan, files = trained_as(tmp_path, SOLVED.replace("TASK", task).replace("MODEL", model))

    runs, _ = collect_runs(plan, files)

    assert ("train_margin" in runs) == margins
    assert "train_margin" not in runs or plan.roles["train_margin"] == "metric"


def test_curves_are_the_same_however_they_were_sharded_and_in_however_many_parts(tmp_path: Path) -> None:
    tables = []
    for limit, rows in (("1e12", 1 << 21), ("1e12", 150), ("1.0", 150), ("1.0", 1)):
        folder = tmp_path / f"{limit} {rows}"
        folder.mkdir()
        _, files = trained(folder, limit)
        parts = list(sorted_curves(files[::-1], rows_at_once=rows))
        write_parts(parts, folder / "curves.parquet", "curves")
        tables.append(
            (len(parts), (folder / "curves.parquet").read_bytes(), (folder / "curves.csv").read_bytes())
        )
    whole, parted, parted_otherwise, run_by_run = tables
    assert (whole[0], run_by_run[0]) == (1, 8)
    assert whole[0] < parted[0] < run_by_run[0]
    assert parted == parted_otherwise
    assert whole[2] == parted[2] == run_by_run[2]
    curves = pd.read_parquet(tmp_path / "1.0 1/curves.parquet")
    in_order = curves.sort_values(["run_id", "step", "split", "metric"], ignore_index=True)
    pd.testing.assert_frame_equal(curves, in_order)
    write_csv(read_table(tmp_path / "1.0 1/curves.parquet"), tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == whole[2]


def test_every_planned_run_has_a_row_and_a_diverged_one_no_numbers(tmp_path: Path) -> None:
    plan, files = trained(tmp_path, "1e12")
    runs, costs = collect_runs(plan, files)
    curves = pa.concat_tables(sorted_curves(files)).to_pandas()
    assert sorted(run.run_id for run in plan.runs) == runs["run_id"].tolist() == costs["run_id"].tolist()
    diverged = runs["learning_rate"] > 1
    assert (runs.loc[diverged, "status"] == "diverged").all()
    assert runs.loc[diverged, ["test_loss", "test_error", "test_error_se"]].isna().all(axis=None)
    assert runs.loc[~diverged, ["train_loss", "validation_loss", "test_loss"]].notna().all(axis=None)
    last = curves[(curves["step"] == 8) & (curves["split"] == "test") & (curves["metric"] == "loss")]
    pd.testing.assert_series_equal(
        runs.set_index("run_id")["test_loss"],
        last.set_index("run_id")["value"].sort_index(),
        check_names=False,
    )


def test_a_run_that_no_shard_holds_is_one_clear_error(tmp_path: Path) -> None:
    plan, files = trained(tmp_path, "1e12")
    with pytest.raises(LawbookError, match="4 planned runs are in no shard"):
        collect_runs(plan, files[:1])
