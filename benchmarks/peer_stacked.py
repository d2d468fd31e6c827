"""Lawbook: the sweep as one study, planned, trained in stacks by Lightning, written as two tables."""

from __future__ import annotations

from pathlib import Path

from step_speed import make_benchmark_plan
from workload import RATES, STEPS, peer_main

from lawbook.storage.tables import write_table
from lawbook.training.process import load_libraries


def sweep(runs: int, folder: Path) -> list[dict[str, float]]:
    """Train all runs."""
    load_libraries()
    from lawbook.training.shard import train_shard

    plan = make_benchmark_plan(folder, rates=RATES, seeds=runs // len(RATES))
    errors: dict[str, float] = {}
    for shard, members in plan.shards.items():
        curves, outcomes = train_shard(members, shard=shard, cache=folder / "cache", code="benchmark")
        write_table(curves, folder / f"{shard}.parquet", "curves")
        write_table(outcomes, folder / f"{shard}.runs.parquet", "outcomes")
        last = curves.query(f"split == 'test' and metric == 'error' and step == {STEPS}")
        errors |= dict(zip(last["run_id"], last["value"], strict=True))
    rows = []
    for run in plan.runs:
        seed, rate = run.config["seed"], run.config["learning_rate"]
        number = seed * len(RATES) + RATES.index(rate)
        rows.append({"run": number, "seed": seed, "learning_rate": rate, "test_error": errors[run.run_id]})
    return rows


if __name__ == "__main__":
    peer_main(sweep, __doc__ or "")
