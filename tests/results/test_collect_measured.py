"""A measurement that is added to a finished study changes no run_id, and no byte of what stood there before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from lawbook.results.collect import collect_runs, sorted_curves
from lawbook.storage.tables import read_roles, write_parts, write_table
from lawbook.studies import Plan, load_study, make_plan
from lawbook.training.measure import how_measured, requests_of
from lawbook.training.shard import train_shard
from lawbook.workflow.code_digest import SOURCE, digest_of
from lawbook.workflow.stages import MEASURING, STAGES, measuring_code, training_code

STUDY = """
title: Measured
question: What is measured?
task: {{name: digits}}
model: {{name: mlp, width: 8}}
training: {{steps: 20, evaluations: 4, batch_size: 16}}
{measure}
sweeps:
  sizes: {{axes: {{samples: [64, 128], learning_rate: [0.003, 1.0e+9], seed: {{count: 2}}}}}}
laws:
  norm_by_data: {{sweep: sizes, y: {y}, x: samples, compare: [power]}}
figures: []
claims: []
"""
MEASURE = "measure: [weight_norm, singular_values, {sharpness: {examples: 32, at: [5, 20]}}]"


def planned(folder: Path, measure: str = "", y: str = "test_loss") -> Plan:
    file = folder / "measured.yaml"
    file.write_text(STUDY.format(measure=measure, y=y))
    return make_plan(load_study(file))


def made(plan: Plan, folder: Path, cache: Path) -> tuple[Path, Path, str]:
    """Train and collect a study, and return its runs, its curves, and what was said of measuring."""
    files, said = [], ""
    for shard, runs in plan.shards.items():
        requests = requests_of(plan.study, measuring_code(plan))
        curves, outcomes = train_shard(
            runs, shard=shard, cache=cache, code=training_code(plan), requests=requests
        )
        files.append(folder / "shards" / f"{shard}.parquet")
        write_table(curves, files[-1], "curves")
        write_table(outcomes, files[-1].with_suffix(".runs.parquet"), "outcomes")
        said = how_measured(outcomes)
    runs, _ = collect_runs(plan, files)
    write_table(runs, folder / "runs.parquet", roles=plan.roles)
    write_parts(sorted_curves(files), folder / "curves.parquet", "curves")
    return folder / "runs.parquet", folder / "curves.parquet", said


def test_what_stood_there_keeps_every_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lawbook.training.shard.require_exact", lambda *_: None)
    before, after = planned(tmp_path), planned(tmp_path, MEASURE, "weight_norm")
    cache = tmp_path / "cache"
    old_runs, old_curves, said_before = made(before, tmp_path / "before", cache)
    runs, curves, said = made(after, tmp_path / "after", cache)

    assert [run.run_id for run in before.runs] == [run.run_id for run in after.runs]
    assert (said_before, said) == ("", "Measured: 8 by training again")
    old, new = pq.read_table(old_runs), pq.read_table(runs)
    assert new.select(old.column_names).equals(old)
    assert [name for name in new.column_names if name not in old.column_names] == ["sharpness", "weight_norm"]
    assert {read_roles(runs)[name] for name in ("sharpness", "weight_norm")} == {"measurement"}
    along, rows = pd.read_parquet(curves), pd.read_parquet(runs)
    pd.testing.assert_frame_equal(
        along[along["split"].notna()].reset_index(drop=True), pd.read_parquet(old_curves)
    )
    assert rows.loc[rows["status"] == "diverged", ["weight_norm", "sharpness"]].isna().all(axis=None)
    for name in ("weight_norm", "sharpness"):
        taken = along[along["metric"] == name]
        last = taken[taken["step"] == 20].set_index("run_id")["value"]
        pd.testing.assert_series_equal(
            rows.set_index("run_id")[name], last, check_names=False, check_index_type=False
        )
    assert set(along.loc[along["metric"] == "sharpness", "step"]) == {5, 20}
    vector = along[along["metric"] == "singular_values"]
    assert set(vector["index"]) == set(range(10)), "of a map from 64 inputs to 10 outputs"

    again_runs, again_curves, said = made(after, tmp_path / "again", cache)
    assert said == "Measured: 8 from the cache"
    assert again_runs.read_bytes() == runs.read_bytes()
    assert again_curves.read_bytes() == curves.read_bytes()


def test_measuring_counts_in_the_jobs_digests_and_not_in_that_of_training(tmp_path: Path) -> None:
    plain, measured = planned(tmp_path), planned(tmp_path, MEASURE)
    train = STAGES["train"]
    assert training_code(plain) == training_code(measured) == train.code(plain, "all")
    assert train.code(measured, "all") != train.code(plain, "all")
    assert len(set(measuring_code(measured).values())) == 3
    assert measured.digest != plain.digest
    assert train.configuration(measured, "all") != train.configuration(plain, "all")


def test_a_changed_measurement_changes_its_own_digest_alone(tmp_path: Path) -> None:
    source = tmp_path / "src"
    shutil.copytree(SOURCE / "lawbook", source / "lawbook", ignore=shutil.ignore_patterns("__pycache__"))

    def digests(source: Path) -> dict[str, str]:
        measured = {
            name: digest_of(
                frozenset({"lawbook.training.measure", f"lawbook.measurements.{name}"}), source=source
            )
            for name in ("sharpness", "weight_norm")
        }
        trained = digest_of(frozenset({"lawbook.training.shard"}), MEASURING, source=source)
        return {"train": trained, **measured}

    file = source / "lawbook/measurements/sharpness.py"
    file.write_text(f"{file.read_text()}\nchanged = True\n")
    before, after = digests(SOURCE), digests(source)
    assert {name for name in before if before[name] != after[name]} == {"sharpness"}
    view = source / "lawbook/measurements/view.py"
    view.write_text(f"{view.read_text()}\nchanged = True\n")
    changed = source.rename(tmp_path / "changed")
    assert {name for name, one in digests(changed).items() if one != before[name]} == {
        "sharpness",
        "weight_norm",
    }
