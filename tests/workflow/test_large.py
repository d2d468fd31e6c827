"""A study whose runs take two processes each gives, through the whole workflow, the table of one process."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from tests.workflow.conftest import Checkout

from lawbook.results.collect import collect_runs
from lawbook.storage.tables import write_table
from lawbook.studies import plan_study
from lawbook.training.shard import train_shard

LARGE = """
title: Large
question: Do two processes train what one does?
task: {name: digits, samples: 200}
model: {name: mlp, width: 16}
training: {steps: 60, batch_size: 16, learning_rate: 0.01, dtype: float64, devices: 2, strategy: ddp}
sweeps:
  data: {axes: {seed: [3]}}
"""


def one_process(folder: Path) -> pd.DataFrame:
    """Return the table of runs of the same study, each trained by one process."""
    (folder / "large.yaml").write_text(LARGE.replace("devices: 2", "devices: 1"))
    plan = plan_study("large", folder)
    files = []
    for shard, runs in plan.shards.items():
        curves, outcomes = train_shard(runs, shard=shard, cache=folder / "cache", code="")
        files.append(folder / f"{shard}.parquet")
        write_table(curves, files[-1], "curves")
        write_table(outcomes, files[-1].with_suffix(".runs.parquet"), "outcomes")
    write_table(collect_runs(plan, files)[0], folder / "runs.parquet")
    return pd.read_parquet(folder / "runs.parquet")


@pytest.mark.slow
def test_two_processes_give_the_table_of_one(checkout: Checkout, tmp_path: Path) -> None:
    (checkout.folder / "config/studies/large.yaml").write_text(LARGE)

    ran = checkout.snakemake("--cores", "2", "--until", "collect_runs", "--", "large")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = checkout.folder / "results/large"
    pd.testing.assert_frame_equal(
        pd.read_parquet(results / "runs.parquet"), one_process(tmp_path), rtol=1e-12
    )
    (cost,) = pd.read_parquet(results / "costs.parquet").to_dict("records")
    assert (cost["engine"], cost["device"], cost["stack_size"]) == ("distributed", "2 cpu", 1)
    assert cost["cpu_s"] > 2.0, "what the processes spend is counted"
    assert "GLOBAL_RANK" not in (checkout.folder / "logs/large/train_shard/all.log").read_text()
