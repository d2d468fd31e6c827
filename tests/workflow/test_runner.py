"""What `lawbook run` says of a workflow that failed: the jobs' own messages, or which jobs said nothing."""

from __future__ import annotations

from pathlib import Path

from lawbook.workflow.runner import _failure

LOG = """
[Sat Nov 28 06:10:44 2026]
Error in rule train_shard:
    message: None
    jobid: 2
    output: results/smoke/shards/width=8.parquet
    log: logs/smoke/train_shard/width=8.log (check log file(s) for error details)
    shell:
        exec python scripts/train_shard.py smoke
Logfile logs/smoke/train_shard/width=8.log: SAID
"""


def test_a_job_that_was_killed_is_named_with_its_log() -> None:
    said = _failure(1, LOG.replace("SAID", "empty file") * 2, Path("snakemake.log"))

    assert said.count("train_shard failed: logs/smoke/train_shard/width=8.log\n") == 1
    assert "An empty log is that of a job that was killed" in said


def test_what_jobs_said_themselves_is_repeated_once() -> None:
    for message, told in (("Error: the disk is full", "the disk is full"), ("Stopped: a signal came",) * 2):
        said = _failure(1, LOG.replace("SAID", f"\n{message}\n") * 2, Path("snakemake.log"))
        assert said.endswith(f"snakemake.log says more:\n{told}")


def test_a_snakemake_that_was_killed_is_said_to_have_been() -> None:
    assert (
        _failure(-9, "", Path("snakemake.log"))
        == "Snakemake was killed by signal 9; run this again to resume"
    )
