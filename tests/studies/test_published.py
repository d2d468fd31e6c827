"""The published plan: a shard read from it is the shard as it was planned, or the study is planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from lawbook.storage.provenance import read_provenance
from lawbook.storage.tables import read_table, write_table
from lawbook.studies import Plan, load_study, plan_study
from lawbook.studies.published import FOLDER, publish, shard_alone
from lawbook.studies.source import awaits_table

STUDIES = Path(__file__).parents[2] / "config/studies"
STUDY = """
title: Two models
question: Are both read as they were planned?
task: {name: digits}
model: {name: mlp}
training: {steps: 20, batch_size: full}
sweeps:
  sizes: {axes: {width: [4, 8], samples: [32, 64], learning_rate: [0.001, 1], seed: {count: 2}}}
  fixed: {axes: {seed: [7]}, set: {model: {name: deep_linear}, samples: 100}}
  pruned: {axes: {keep_fraction: [0.5], seed: {count: 2}}, set: {metric: el2n, samples: 200}}
presets:
  quick: {training: {steps: 10}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a study of several shards, of two models, some runs of which read scores."""
    (tmp_path / "mixed.yaml").write_text(STUDY)
    return tmp_path


def _published(name: str, folder: Path) -> Plan:
    plan = plan_study(name, folder)
    publish(plan, folder)
    return plan


@pytest.mark.parametrize("name", ["mixed", "mixed@quick"])
def test_a_shard_is_read_as_it_was_planned(folder: Path, name: str) -> None:
    plan = _published(name, folder)
    assert len(plan.shards) > 3

    for shard, runs in plan.shards.items():
        alone = shard_alone(name, folder, shard, folder)
        if "pruned" in shard:
            assert alone is None, "what its pool is scored for, other runs say, too"
            continue
        assert alone is not None
        assert repr(alone.shards[shard]) == repr(runs), "values have their types"
        assert alone.study.content == plan.study.content


def test_every_shipped_study_is_read_as_it_was_planned_or_planned(tmp_path: Path) -> None:
    read = 0
    for file in sorted(STUDIES.glob("*.yaml")):
        if awaits_table(load_study(file)):
            continue
        plan = plan_study(file.stem, STUDIES)
        publish(plan, tmp_path)
        for shard, runs in plan.shards.items():
            alone = shard_alone(file.stem, STUDIES, shard, tmp_path)
            assert alone is None or repr(alone.shards[shard]) == repr(runs)
            read += alone is not None
    assert read > 20


def test_a_study_that_has_been_edited_is_planned(folder: Path) -> None:
    _published("mixed", folder)
    (folder / "mixed.yaml").write_text(STUDY.replace("steps: 20", "steps: 30"))

    assert shard_alone("mixed", folder, "model=mlp_width=4", folder) is None


def test_a_plan_whose_runs_are_others_is_not_used(folder: Path) -> None:
    plan = _published("mixed", folder)
    shard = next(iter(plan.shards))
    file = folder / FOLDER / "mixed.parquet"
    table = read_table(file)
    table["samples"] += 1
    write_table(table, file, made=read_provenance(file))

    assert shard_alone("mixed", folder, shard, folder) is None
    assert shard_alone("mixed", folder, "no such shard", folder) is None
    file.write_bytes(b"damaged")
    assert shard_alone("mixed", folder, shard, folder) is None


def test_a_plan_is_written_once(folder: Path) -> None:
    plan = _published("mixed", folder)
    file = folder / FOLDER / "mixed.parquet"
    before = file.stat().st_mtime_ns
    publish(plan, folder)

    assert file.stat().st_mtime_ns == before
