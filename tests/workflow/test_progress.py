"""Heartbeats of jobs, added up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lawbook.studies import plan_study
from lawbook.workflow.progress import ALIVE_S, SCORES, heartbeat, study_progress

PLAN = plan_study("smoke", Path(__file__).parents[2] / "config/studies")
SHARD = "width=8"


def test_a_job_waits_trains_stops_and_is_done(tmp_path: Path) -> None:
    assert study_progress(PLAN, tmp_path)[SHARD].state == "waiting"

    heartbeat(tmp_path, SHARD)(200, 800)
    training = study_progress(PLAN, tmp_path)[SHARD]
    assert (training.state, training.done, training.share) == ("training", 200, 0.25)

    beat = tmp_path / f"progress/{SHARD}.json"
    os.utime(beat, (0, beat.stat().st_mtime - 2 * ALIVE_S))
    assert study_progress(PLAN, tmp_path)[SHARD].state == "stopped"

    (tmp_path / "shards").mkdir()
    (tmp_path / f"shards/{SHARD}.parquet").touch()
    done = study_progress(PLAN, tmp_path)[SHARD]
    assert (done.state, done.done) == ("done", done.total)


def test_the_probes_are_a_job_too(tmp_path: Path) -> None:
    progress = study_progress(PLAN, tmp_path)

    assert next(iter(progress)) == SCORES
    assert progress[SCORES].total == sum(
        probe.config["steps"] for pool in PLAN.pools for probe in pool.every_probe
    )


def test_a_heartbeat_is_written_seldom_but_the_last_one_always(tmp_path: Path) -> None:
    beat = heartbeat(tmp_path, SHARD)
    for step in range(1, 800):
        beat(step, 800)
    assert study_progress(PLAN, tmp_path)[SHARD].done == 1

    beat(800, 800)
    assert study_progress(PLAN, tmp_path)[SHARD].done == 800


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"done": {}, "total": 1}', '{"done": 1e999, "total": 1}']
)
def test_a_damaged_heartbeat_counts_for_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "progress").mkdir()
    (tmp_path / f"progress/{SHARD}.json").write_text(text)

    assert study_progress(PLAN, tmp_path)[SHARD].state == "waiting"


def test_a_heartbeat_that_cannot_be_written_fails_no_job(tmp_path: Path) -> None:
    (tmp_path / "progress").write_text("a file, not a folder")

    heartbeat(tmp_path, SHARD)(200, 800)

    assert study_progress(PLAN, tmp_path)[SHARD].done == 0
