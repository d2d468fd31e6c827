"""A results folder whose values along training are planted, diverged runs and unreached levels among them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lawbook.storage.tables import write_table
from lawbook.studies import Plan, Study, load_study, make_plan

STUDY = """
title: Planted values along training
question: Do the figures show them?
task: {name: sgd_oracle, modes: 8}
model: {name: linear}
training: {optimizer: sgd, learning_rate: 0.2, batch_size: 16, steps: 100}
sweeps:
  phases: {axes: {learning_rate: [0.1, 0.2, 0.4], momentum: [0, 0.5], seed: {count: 3}}}
  rates: {axes: {learning_rate: [0.1, 0.2, 0.4], seed: {count: 3}}}
  sizes: {axes: {modes: {log2: [2, 512]}, seed: {count: 2}}}
  one: {axes: {learning_rate: [0.1], seed: {count: 3}}}
columns:
  memorised: {first: step, test_loss: {at_most: 0.5}}
  understood: {first: step, test_loss: {at_most: 0.1}}
"""
STEPS = np.array([0, 1, 10, 100])
K = 4


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Plan, Path]:
    """Return a study, its plan, and a folder with its runs and curves, planted."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "planted.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study(folder / "planted.yaml")
    plan = make_plan(study)
    runs = plan.table().drop(columns=["bytes", "predicted_s", "shard"])
    rate, seed = runs["learning_rate"], runs["seed"]
    fast = (rate == 0.4) & (runs["momentum"] == 0.5)
    one_of_three = (rate == 0.4) & (runs["momentum"] == 0) & (seed == 2)
    runs = runs.assign(
        status=np.where(fast | one_of_three, "diverged", "ok"),
        test_loss=(1 / rate) * (1 + 0.1 * seed),
        sharpness=2 / rate,
        memorised=np.where((rate > 0.1) & ~((rate == 0.2) & (seed == 0)), 10 / rate, np.nan),
        understood=np.where((rate > 0.1) & (seed > 0) & (runs["momentum"] == 0), 100 / rate, np.nan),
    )
    runs.loc[runs["status"] == "diverged", ["test_loss", "sharpness", "memorised", "understood"]] = np.nan
    parts = []
    for run in runs.to_dict("records"):
        value = np.where(
            (STEPS > 10) & (run["status"] == "diverged"), np.nan, 2.0 + run["seed"] - 0.01 * STEPS
        )
        about = {"run_id": run["run_id"], "step": STEPS, "samples_seen": 16 * STEPS}
        parts.append(
            pd.DataFrame({**about, "split": "test", "metric": "loss", "index": None, "value": value})
        )
        sharp = np.full(len(STEPS), 2 / run["learning_rate"])
        parts.append(
            pd.DataFrame({**about, "split": None, "metric": "sharpness", "index": None, "value": sharp})
        )
        for k in range(K):
            grown = (1 + STEPS) / (k + 1) * (1 + 0.5 * run["seed"])
            parts.append(
                pd.DataFrame({**about, "split": None, "metric": "spectrum", "index": k, "value": grown})
            )
    curves = pd.concat([part.astype({"index": "Int64"}) for part in parts], ignore_index=True)
    write_table(runs, folder / "runs.parquet")
    write_table(curves, folder / "curves.parquet")
    return study, plan, folder
