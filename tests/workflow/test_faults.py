"""Kills at any moment, two writers, and folders that cannot be written."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from benchmarks.fault_harness.checkout import REPOSITORY, Checkout
from tests.workflow.conftest import STUDY

from lawbook.storage.lock import writing

FAULTS = REPOSITORY / "benchmarks/faults.py"


def test_after_a_kill_the_next_run_resumes_and_gives_the_same_bytes(
    checkout: Checkout, undisturbed: Checkout
) -> None:
    running = checkout.start("run", STUDY)
    _wait_for(lambda: _process(checkout, "scripts/train_shard.py"))
    time.sleep(4.0)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait(timeout=120)

    resumed = checkout.lawbook("run", STUDY)

    assert resumed.returncode == 0, resumed.stderr
    assert checkout.path("runs.parquet").read_bytes() == undisturbed.path("runs.parquet").read_bytes()
    assert checkout.lawbook("verify", STUDY).returncode in (0, 1, 3)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "options"),
    [
        (19, ["--jobs", "19", "--studies", "0"]),
        (2, ["--jobs", "0", "--studies", "2", "--only", "Snakemake killed", "result damaged"]),
    ],
)
def test_a_few_faults_of_the_benchmark_end_in_the_right_tables(number: int, options: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, str(FAULTS), "--seed", "3", *options],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "src")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"| all | {number} |" in ran.stdout


def test_a_second_writer_is_told_who_writes(checkout: Checkout) -> None:
    with writing(checkout.folder / "results"):
        by_lawbook = checkout.lawbook("run", STUDY)
        by_snakemake = checkout.snakemake("--cores", "1", STUDY)

    for refused in (by_lawbook, by_snakemake):
        assert refused.returncode == 2
        assert f"is being written by process {os.getpid()} on " in refused.stderr
        assert "Traceback" not in refused.stderr
    assert not checkout.path("shards").exists()


def test_results_that_cannot_be_written_are_one_message(checkout: Checkout) -> None:
    (checkout.folder / "occupied").write_text("a file, not a folder")
    checkout.edit("config/config.yaml", "results: results  ", "results: occupied/results  ")

    for refused in (checkout.lawbook("run", STUDY), checkout.snakemake("--cores", "1", STUDY)):
        assert refused.returncode == 2
        assert "results = 'occupied/results' cannot be written" in refused.stderr
        assert "set `results:` in config/config.yaml" in refused.stderr
        assert "Traceback" not in refused.stderr


def test_a_broken_study_stops_only_those_who_ask_for_it(checkout: Checkout) -> None:
    studies = checkout.folder / "config/studies"
    (studies / "broken.yaml").write_text("title: [")
    shutil.copy(studies / "smoke.yaml", studies / "train_shard.yaml")

    for refused in (checkout.snakemake("-n", "broken"), checkout.lawbook("run", "broken")):
        assert refused.returncode == 2
        assert "broken.yaml: line 1, column" in refused.stderr
        assert "Traceback" not in refused.stderr
    named_like_a_rule = checkout.lawbook("run", "train_shard")
    assert named_like_a_rule.returncode == 2
    assert "'train_shard' is the name of a rule" in named_like_a_rule.stderr
    assert not (checkout.folder / "results").exists()
    assert checkout.jobs(STUDY)["train_shard"] == 3


def _wait_for(find: Callable[[], psutil.Process | None], seconds: float = 90) -> psutil.Process:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (found := find()) is not None:
            return found
        time.sleep(0.02)
    raise TimeoutError("the process never began")


def _process(checkout: Checkout, command: str) -> psutil.Process | None:
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if (
                command in " ".join(words[1:])
                and "bash" not in words[0]
                and Path(process.cwd()) == checkout.folder
            ):
                return process
        except (psutil.Error, IndexError):
            continue
    return None
