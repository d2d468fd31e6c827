"""A job: its plan, one message for a disk that fails, and an end when nobody waits for it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from lawbook.errors import ExitCode, LawbookError
from lawbook.signals import ignore_signals
from lawbook.storage.files import written_atomically
from lawbook.storage.tables import write_table
from lawbook.studies import Plan, plan_study
from lawbook.studies.published import publish
from lawbook.workflow import jobs, rule_inputs
from lawbook.workflow.jobs import reported
from lawbook.workflow.rule_inputs import RuleInputs
from lawbook.workflow.stages import STAGES

TWO_SHARDS = """
title: Two shards
question: Is each read alone?
task: {name: digits}
model: {name: mlp}
training: {steps: 20, batch_size: 16}
sweeps: {sizes: {axes: {width: [8, 16], seed: {count: 2}}}}
"""


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_fails_is_one_message_that_names_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    with pytest.raises(SystemExit) as ended, reported(), written_atomically(tmp_path / "runs.csv"):
        raise OSError(number, os.strerror(number))

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"{tmp_path / 'runs.csv'} cannot be written or read ({os.strerror(number)})" in said
    assert said.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_full_disk_in_the_midst_of_a_table_is_such_a_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (os.open("/dev/null", os.O_RDONLY), "/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda *_, **__: None)
    with pytest.raises(SystemExit), reported():
        write_table(pd.DataFrame({"x": [1.0]}), tmp_path / "runs.parquet")

    assert "runs.parquet cannot be written or read (No space left on device)" in capsys.readouterr().err


def test_another_error_of_a_file_is_not_the_disks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended, reported():
        raise FileNotFoundError(errno.ENOENT, "there is no such file", "nothing.csv")

    assert ended.value.code == ExitCode.UNFORESEEN
    assert "FileNotFoundError" in capsys.readouterr().err


def test_a_job_whose_snakemake_is_gone_ends_by_itself() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    program = (
        "import time; from lawbook.signals import end_when_unwanted; end_when_unwanted(); time.sleep(60)"
    )
    orphan = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"LAWBOOK_OWNER_PID": str(gone.pid)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert orphan.returncode == 1
    assert f"Stopped: Snakemake (process {gone.pid}) is gone; run again to resume" in orphan.stderr


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return the plan of a study of two shards, published, in a folder where it may not be planned again."""
    (tmp_path / "studies").mkdir()
    (tmp_path / "studies/two.yaml").write_text(TWO_SHARDS)
    plan = plan_study("two", tmp_path / "studies")
    publish(plan, tmp_path / "results")
    monkeypatch.setenv("LAWBOOK_STUDIES", str(tmp_path / "studies"))
    monkeypatch.setenv("LAWBOOK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(jobs, "plan_study", _not_planned)
    monkeypatch.setattr(rule_inputs, "checked_plan", _not_planned)
    return plan


def _not_planned(*_: object) -> Plan:
    raise LawbookError("it is planned again")


def _begin(plan: Plan, folder: Path, monkeypatch: pytest.MonkeyPatch, *expected: str) -> jobs.Job:
    stage, shard = STAGES["train"], "width=8"
    out = [str(folder / "results/two" / file) for file in stage.leaves(shard)]
    monkeypatch.setattr("sys.argv", ["job", "two", "--part", shard, "--expect", *expected, "--out", *out])
    try:
        return jobs.begin("train")
    finally:
        ignore_signals()


def test_a_job_on_a_shard_reads_it_from_the_published_plan(
    published: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = STAGES["train"]
    expected = stage.configuration(published, "width=8"), stage.code(published, "width=8")

    job = _begin(published, tmp_path, monkeypatch, *expected)

    assert job.plan.shards == {"width=8": published.shards["width=8"]}
    assert (job.results, job.expected) == (tmp_path / "results/two", expected)
    with pytest.raises(LawbookError, match="it is planned again"):
        _begin(published, tmp_path, monkeypatch, "another", expected[1])


def test_a_submitted_job_asks_for_its_shard_alone(published: Plan, tmp_path: Path) -> None:
    config = {"studies": str(tmp_path / "studies"), "results": str(tmp_path / "results"), "default": "two"}
    wildcards: Any = SimpleNamespace(study="two", shard="width=16")

    here, remote = (RuleInputs(config, remote=remote) for remote in (False, True))

    stage = STAGES["train"]
    assert remote.configuration("train")(wildcards) == stage.configuration(published, "width=16")
    assert remote.code("train")(wildcards) == stage.code(published, "width=16")
    assert remote.reads("train")(wildcards) == []
    assert remote.cores(wildcards) == 1
    assert remote.minutes(wildcards, 1) > 0
    with pytest.raises(SystemExit):
        here.configuration("train")(wildcards)


def _warm(monkeypatch: pytest.MonkeyPatch, plan: Plan, studies: Path) -> None:
    """Let this process be a warm job of a server that has planned a study."""

    def start_cold() -> None:
        raise InterruptedError("it starts cold")

    monkeypatch.setitem(jobs._planned, (plan.study.name, str(studies)), plan)
    monkeypatch.setattr(jobs, "is_warm", lambda: True)
    monkeypatch.setattr(jobs, "start_cold", start_cold)


def test_a_warm_job_takes_the_plan_of_its_server_and_starts_cold_where_that_is_not_what_was_submitted(
    published: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _warm(monkeypatch, published, tmp_path / "studies")
    stage = STAGES["train"]
    expected = stage.configuration(published, "width=8"), stage.code(published, "width=8")

    assert _begin(published, tmp_path, monkeypatch, *expected).plan is published
    with pytest.raises(InterruptedError):
        _begin(published, tmp_path, monkeypatch, "another", expected[1])


def test_a_warm_job_that_trains_on_a_gpu_starts_cold(
    published: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "studies/two.yaml"
    file.write_text(TWO_SHARDS.replace("steps: 20", "device: cuda, steps: 20"))
    plan = plan_study("two", file.parent)
    _warm(monkeypatch, plan, file.parent)
    stage = STAGES["train"]

    with pytest.raises(InterruptedError):
        _begin(plan, tmp_path, monkeypatch, stage.configuration(plan, "width=8"), stage.code(plan, "width=8"))
