"""Lawbook: the sweep as one study, planned, trained in stacks by Lightning, written as two tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from step_speed import make_benchmark_plan
from workload import RATES

from lawbook.storage.tables import write_table
from lawbook.training.process import load_libraries


def main() -> None:
    """Train all runs and print the mean test error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", type=int)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    load_libraries()
    from lawbook.training.shard import train_shard

    plan = make_benchmark_plan(arguments.folder, rates=RATES, seeds=arguments.runs // len(RATES))
    errors = []
    for shard, runs in plan.shards.items():
        curves, outcomes = train_shard(runs, shard=shard, cache=arguments.folder / "cache", code="benchmark")
        write_table(curves, arguments.folder / f"{shard}.parquet", "curves")
        write_table(outcomes, arguments.folder / f"{shard}.runs.parquet", "outcomes")
        final = curves.query("split == 'test' and metric == 'error'")
        errors += final["value"].tolist()
    print(len(errors), sum(errors) / len(errors))


if __name__ == "__main__":
    main()
