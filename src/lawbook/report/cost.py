"""What a study cost, as the page tells it."""

from __future__ import annotations

import pandas as pd

from lawbook.results.words import count, number


def cost_line(costs: pd.DataFrame, runs: pd.DataFrame) -> str:
    """Return what it takes to train all runs of a study, whether they were trained now or came from the cache.

    >>> costs = pd.DataFrame({"cpu_s": [1.0, 2.0], "device": ["cpu", "cpu"]})
    >>> cost_line(costs, pd.DataFrame({"flops": [1e9, 2e9]}))
    '3 CPU-seconds of training on cpu, 3.00e9 FLOPs'
    """
    devices = " and ".join(sorted(costs["device"].dropna().unique())) or "an unknown device"
    seconds = number(round(float(costs["cpu_s"].sum())))
    return f"{seconds} CPU-seconds of training on {devices}, {number(runs['flops'].sum())} FLOPs"


def cost_rows(costs: pd.DataFrame, runs: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what the study cost, as (what, how much); cached runs are counted apart."""
    trained = costs[~costs["cached"].astype(bool)]
    cpu, wall = float(trained["cpu_s"].sum()), float(trained["wall_s"].sum())
    peak = costs["peak_memory_bytes"].max()
    rows = [
        (
            "runs trained",
            f"{number(len(trained))} of {number(len(costs))}; {number(len(costs) - len(trained))} from the cache",
        ),
        (
            "CPU seconds of training",
            number(cpu) + (f" ({number(cpu / len(trained), 2)} a run)" if len(trained) else ""),
        ),
        ("seconds of training, summed over shards", number(wall)),
        ("training compute", f"{number(runs['flops'].sum())} FLOPs" if len(runs) else "–"),
        ("peak memory of a shard", "–" if pd.isna(peak) else f"{number(peak / 2**20)} MiB"),
    ]
    for title, column in (("engine", "engine"), ("runs in one stack", "stack_size"), ("device", "device")):
        uses = costs[column].value_counts().sort_index()
        rows.append((title, "; ".join(f"{value} ({count(n, 'run')})" for value, n in uses.items()) or "–"))
    return rows
