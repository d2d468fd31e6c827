"""A study on a real Slurm: the same bytes as here, through a failure and through a signal in the midst of training."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from tests.slurm import one_node
from tests.workflow.conftest import STUDY, Checkout, build, undisturbed

__all__ = ["undisturbed"]

T = TypeVar("T")

pytestmark = [pytest.mark.slow, pytest.mark.slurm, pytest.mark.timeout(600)]

# Slurm is asked every two seconds here, since its jobs take seconds.
SLURM = (
    "--workflow-profile", "profiles/slurm", "--latency-wait", "5",
    "--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2",
)  # fmt: skip

FAIL_ONCE = """
import pathlib, sys
if "width=8" in sys.argv and not pathlib.Path("failed").exists():
    pathlib.Path("failed").touch()
    sys.exit("an injected failure")
"""

OF_LONG = "train_shard_wildcards_long"
LONG = """
title: Long
question: Does a shard that is asked to stop go on where it was?
task: {name: digits, samples: 512}
model: {name: mlp, width: 64}
training: {steps: 6000}
sweeps:
  rates: {axes: {learning_rate: [0.001, 0.003, 0.01], seed: {count: 2}}}
"""


@pytest.fixture(scope="module", autouse=True)
def slurm() -> Iterator[None]:
    """Run a Slurm of one node; skip where that cannot be."""
    try:
        one_node.up()
    except one_node.CannotRunError as reason:
        pytest.skip(f"no Slurm here: {reason}")
    yield
    one_node.down()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a checkout in which nothing has been run."""
    return build(tmp_path / "checkout")


def test_a_study_on_slurm_gives_the_same_bytes_through_a_failure(
    checkout: Checkout, undisturbed: Checkout
) -> None:
    script = checkout.folder / "scripts/train_shard.py"
    script.write_text(FAIL_ONCE + script.read_text())

    ran = checkout.snakemake(*SLURM, STUDY)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert checkout.path("runs.parquet").read_bytes() == undisturbed.path("runs.parquet").read_bytes()
    asked = jobs(f"{STUDY}_width=8")
    assert [job["state"] for job in asked] == ["FAILED", "COMPLETED"]
    assert asked[1]["memory_mb"] == 2 * asked[0]["memory_mb"]
    assert asked[1]["minutes"] == 2 * asked[0]["minutes"]


def test_a_signal_in_the_midst_of_training_leaves_a_checkpoint_that_a_retry_goes_on_from(
    checkout: Checkout,
) -> None:
    (checkout.folder / "config/studies/long.yaml").write_text(LONG)
    running = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *SLURM, "--until", "collect_runs", "--", "long"],
        cwd=checkout.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    beats = checkout.folder / "results/long/progress"
    wait_for(lambda: any(json.loads(file.read_text())["done"] > 0 for file in beats.glob("*.json")))
    (job,) = jobs(OF_LONG)
    subprocess.run(["scancel", "--signal=TERM", str(job["id"])], check=True, timeout=30)
    checkpoint = wait_for(lambda: next((checkout.folder / "results/.cache").glob("*/*.ckpt"), None))
    said, _ = running.communicate(timeout=300)

    assert running.returncode == 0, said
    assert "SIGTERM came; run again to resume" in said
    assert len(jobs(OF_LONG)) == 2
    assert not checkpoint.exists()
    local = build(checkout.folder.parent / "local")
    (local.folder / "config/studies/long.yaml").write_text(LONG)
    assert local.snakemake("--cores", "2", "--until", "collect_runs", "--", "long").returncode == 0
    runs = "results/long/runs.parquet"
    assert (checkout.folder / runs).read_bytes() == (local.folder / runs).read_bytes()


def jobs(named: str) -> list[dict[str, Any]]:
    """Return what Slurm knows of the jobs whose comment holds a text, the first one first."""
    asked = subprocess.run(
        ["squeue", "--states=all", "--noheader", "--sort=i", "--format=%i|%T|%m|%l|%k"],
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    rows = [line.split("|") for line in asked.stdout.splitlines()]
    return [
        {
            "id": int(number),
            "state": state,
            "memory_mb": int(memory.removesuffix("M")),
            "minutes": int(limit.split(":")[0]),
        }
        for number, state, memory, limit, comment in rows
        if named in comment
    ]


def wait_for(find: Callable[[], T | None], seconds: float = 120) -> T:
    """Return what `find` finds, once it does."""
    until = time.monotonic() + seconds
    while not (found := find()):
        if time.monotonic() > until:
            raise TimeoutError("it never came about")
        time.sleep(0.1)
    return found
