"""Before a study is brought up to date what is damaged goes, what is outdated is named, and nothing else is touched."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from lawbook.errors import LawbookError
from lawbook.storage.provenance import Provenance
from lawbook.storage.tables import write_table
from lawbook.studies import Plan, load_study, make_plan
from lawbook.workflow import runner
from lawbook.workflow.freshness import Expected, check_current, expected_provenance, outdated
from lawbook.workflow.recovery import LEFT_OVER_S, forget_record, keep_record, recover
from lawbook.workflow.stages import training_code

STUDY = """
title: Recovery
question: Is it all there?
task: {name: digits}
model: {name: mlp, width: 4}
training: {steps: 8}
sweeps:
  grid: {axes: {samples: [40, 80]}}
"""


def write(results: Path, expected: Mapping[str, Expected], name: str, **other: str) -> Path:
    """Write a table as the plan says, but for what is given."""
    made = expected[name]
    about = {"configuration": made.configuration, "code": made.code} | other
    trained = {} if made.stage == "plan" else {"code": [about.pop("training")]}
    provenance = Provenance("tiny", made.stage, versions={}, runs=trained, **about)
    write_table(pd.DataFrame({"x": [1.0]}), results / name, made=provenance)
    return results / name


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Return the plan of a study of one shard."""
    (tmp_path / "tiny.yaml").write_text(STUDY)
    return make_plan(load_study(tmp_path / "tiny.yaml"))


def test_a_damaged_table_goes_and_an_outdated_one_is_named(plan: Plan, tmp_path: Path) -> None:
    expected, training, results = expected_provenance(plan), training_code(plan), tmp_path / "results"
    tables = [name for name in expected if name not in ("plan.parquet", "curves.parquet", "draws.parquet")]
    for name in tables:
        write(results, expected, name, training=training)
    assert list(recover(plan, results, tmp_path / "cache")) == []
    assert outdated(plan, results) == []
    check_current(plan, ["runs.parquet"], results)

    damaged = results / "costs.parquet"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    write(results, expected, "fits.parquet", training=training, code="another")
    write(results, expected, "claims.parquet", training="another")
    write(results, expected, "runs.parquet", training=training, configuration="another")
    (said,) = recover(plan, results, tmp_path / "cache")

    assert said == f"{damaged} is damaged; it is made again"
    assert not damaged.exists()
    names = {"runs.parquet", "fits.parquet", "claims.parquet"}
    assert {file.name for file in outdated(plan, results)} == names
    old = [str(file) for file in outdated(plan, results)]
    forced = runner._forced(old, ["--quiet"])
    assert (forced[0], {Path(file).name for file in forced[1:]}) == ("--forcerun", names)
    assert runner._forced(old, ["--rerun-triggers", "mtime"]) == []
    with pytest.raises(
        LawbookError, match=r"runs\.parquet was made from another version of .*tiny\.yaml; `lawbook run tiny`"
    ):
        check_current(plan, ["runs.parquet"], results)


def test_a_file_without_a_seal_goes_if_it_is_not_the_one_recorded(plan: Plan, tmp_path: Path) -> None:
    for name in ("runs.csv", "report.html", "notes.txt"):
        (tmp_path / name).write_text("as it was made")
    keep_record(plan, tmp_path)
    assert list(recover(plan, tmp_path, tmp_path / "cache")) == []
    for name in ("runs.csv", "fits.csv", "notes.txt"):
        (tmp_path / name).write_text("another text")

    list(recover(plan, tmp_path, tmp_path / "cache"))

    left = {file.name for file in tmp_path.glob("*.*")}
    assert left == {"report.html", "fits.csv", "notes.txt", "sha256sums.txt", "tiny.yaml"}
    (tmp_path / "sha256sums.txt").write_bytes(b"\xff\x00 no record")
    assert list(recover(plan, tmp_path, tmp_path / "cache")) == []


def test_what_was_made_anew_before_a_kill_is_not_taken_for_damaged(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("by earlier code")
    keep_record(plan, tmp_path)
    forget_record(tmp_path)
    (tmp_path / "report.html").write_text("by today's code")

    assert list(recover(plan, tmp_path, tmp_path / "cache")) == []
    assert (tmp_path / "report.html").exists()


def test_what_killed_jobs_left_half_written_is_swept_once_it_is_old(plan: Plan, tmp_path: Path) -> None:
    shards, kind = tmp_path / "results/shards", tmp_path / "cache/0123456789abcdef"
    for folder in (shards, kind):
        folder.mkdir(parents=True)
    left = [
        shards / ".width=4.runs-a1b2c3_d.parquet",
        kind / ".3df6-abcdefgh.parquet",
        kind / "8e3f.77.partial",
    ]
    others = [shards / ".keep", shards / "width=4-abcdefgh.csv", kind / "8e3f-0123.ckpt"]
    for file in (*left, *others):
        file.write_text("half")
    list(recover(plan, tmp_path / "results", tmp_path / "cache"))
    assert all(file.exists() for file in (*left, *others)), "somebody may still be writing"
    long_ago = time.time() - LEFT_OVER_S - 1
    for file in (*left, *others):
        os.utime(file, (long_ago, long_ago))

    list(recover(plan, tmp_path / "results", tmp_path / "cache"))

    assert not any(file.exists() for file in left)
    assert all(file.exists() for file in others)


def test_tables_of_an_earlier_lawbook_are_named_once_and_stay(plan: Plan, tmp_path: Path) -> None:
    results = tmp_path / "results"
    for name in ("verdicts", "frontiers"):
        write_table(pd.DataFrame({"x": [1.0]}), results / f"{name}.parquet")

    assert list(recover(plan, results, tmp_path / "cache")) == [
        f"{results}: nothing makes or reads frontiers.parquet, verdicts.parquet any more; delete them when you like"
    ]
    assert (results / "verdicts.parquet").exists()


def test_what_is_dated_in_the_future_is_dated_now_in_the_same_order(plan: Plan, tmp_path: Path) -> None:
    now = time.time()
    dates = {"later.csv": now + 900, "soon.csv": now + 60, "past.csv": now - 60}
    for name, date in dates.items():
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (date, date))

    list(recover(plan, tmp_path, tmp_path / "cache"))

    later, soon, past = ((tmp_path / name).stat().st_mtime_ns for name in dates)
    assert now * 1e9 - 1e9 < soon < later <= time.time_ns()
    assert abs(past - (now - 60) * 1e9) < 1e6


def test_a_folder_in_the_place_of_a_table_is_one_message(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "runs.parquet").mkdir()

    with pytest.raises(
        LawbookError, match=r"runs\.parquet cannot be changed \(Is a directory\); do that yourself"
    ):
        list(recover(plan, tmp_path, tmp_path / "cache"))
