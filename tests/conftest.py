"""A simulated results folder: planted power laws, with everything that goes wrong in real ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.linalg  # noqa: F401  its BLAS has to be there to be limited
from tests.once import made_once
from threadpoolctl import threadpool_limits

from lawbook.analyses import Inputs, compute_analysis
from lawbook.claims.judge import judge_claims
from lawbook.fitting.exact import exact_curves
from lawbook.fitting.sensitivity import sensitivity
from lawbook.fitting.study import fit_study
from lawbook.report.figures import draw_figure
from lawbook.results.reader import Results
from lawbook.storage.tables import write_table
from lawbook.studies import Study, load_study, make_plan
from lawbook.studies.analysis import analyses

threadpool_limits(1, user_api="blas")
"""Tests run beside each other: the threads of small matrix products would wait for those of the other process."""

STUDY = """
title: Planted <b>power laws</b> & what goes wrong
question: Does the report show what was planted?
task: {name: digits}
model: {name: mlp, depth: 1, width: 64}
training: {optimizer: adamw, learning_rate: 3.0e-3, batch_size: 64, steps: 500}
sweeps:
  model_size:
    axes: {width: {log2: [2, 256]}, seed: {count: 6}}
  data_size:
    axes: {samples: {union: [{log2: [32, 1024]}, [1297]]}, seed: {count: 6}}
  pruned:
    union:
      - axes: {samples: [150, 1297], keep_fraction: [0.25, 0.5], metric: [random, el2n],
               fold: [0, 1, 2, 3], seed: {count: 3}}
      - axes: {samples: [150, 1297], fold: [0, 1, 2, 3], seed: {count: 3}}
  rates:
    axes: {learning_rate: {log10: [1.0e-4, 1.0, 9]}, width: [8, 32, 128], seed: {count: 4}}
  shuffled:
    axes: {samples: {log2: [64, 1024]}, seed: {count: 6}}
    set: {label_noise: 1.0}
laws:
  error_by_data: {sweep: data_size, y: test_error, x: samples, compare: [power, power_floor, exponential],
                  role: headline}
  loss_by_size: {sweep: model_size, y: test_loss, x: n_params, compare: [power, power_floor], role: headline}
  error_by_kept: {sweep: pruned, y: test_error, x: n_train, by: [metric], where: {keep_fraction: [0.25, 0.5]}}
  loss_at_best_rate: {sweep: rates, y: test_loss, x: width, choose: learning_rate, compare: [power]}
  shuffled_labels: {sweep: shuffled, y: test_error, x: samples, compare: [power, power_floor], role: "null"}
figures:
  - {axis: model_size}
  - {axis: data_size}
  - {law: error_by_data}
  - {law: loss_by_size}
  - {law: error_by_kept}
  - {law: shuffled_labels}
  - {learning_rate_valleys: rates}
  - {pruning: pruned}
  - {curves: data_size}
claims:
  - {value: error_by_data.power.alpha, expected: 0.5, within: 0.1, origin: preregistered}
  - {value: error_by_data.power.alpha, at_least: 0.9, origin: exploratory}
  - {value: shuffled_labels.power.alpha, at_least: 0.1, origin: preregistered}
  - {difference: test_error, of: {metric: el2n}, minus: {metric: random},
     where: {samples: 1297, keep_fraction: 0.5}, paired_by: [fold, seed], at_most: 0, origin: published,
     source: "a planted effect"}
  - {difference: test_error, of: {metric: el2n}, minus: {metric: random},
     where: {samples: 150, keep_fraction: 0.25}, paired_by: [fold, seed], at_most: 0, origin: published,
     source: "a planted falsehood"}
  - {quantity: diverged_share, at_most: 0.5, origin: exploratory}
limits: Nothing here was trained, so nothing here speaks of training.
"""

PLANTED = 0.5
"""Exponent of test error in the examples kept."""


@dataclass(frozen=True)
class Simulated:
    """A study, its simulated runs, and the folder that holds its tables."""

    study: Study
    runs: pd.DataFrame
    folder: Path


def simulate_runs(study: Study, rng: np.random.Generator) -> pd.DataFrame:
    """Return a row per planned run, its metrics drawn under planted laws."""
    runs = make_plan(study).table().drop(columns=["bytes", "predicted_s", "shard"])
    n = len(runs)
    kept = runs["keep_fraction"] * runs["samples"]
    seed_level = 0.05 * rng.standard_normal(64)
    level = seed_level[runs["seed"] + 7 * runs["fold"]] + 0.05 * rng.standard_normal(n)
    size = (runs["n_params"] / 5000.0) ** -0.3
    # A valley in log10 of the rate, whose floor moves down with width.
    away = np.log10(runs["learning_rate"]) - np.log10(3e-3) + 0.3 * np.log2(runs["width"] / 64) / 2
    effect = np.select(
        [(runs["metric"] == "el2n") & (runs["keep_fraction"] < 1)],
        [np.where(runs["samples"] > 500, 0.7, 1.6)],
        1.0,
    )
    mean = 1.5 * kept**-PLANTED * size * effect * np.exp(0.35 * away**2)
    noisy = runs["label_noise"] == 1
    error = np.where(noisy, 0.9, np.minimum(0.9, mean * np.exp(level)))
    n_eval = np.where(runs["fold"] < 2, 360, 359)
    wrong = rng.binomial(n_eval, error)
    loss = np.where(noisy, 2.4, 3.0 * mean) * np.exp(level)
    diverged = (runs["learning_rate"] > 0.1) & (rng.random(n) < 0.5) | (runs["learning_rate"] >= 1)
    runs = runs.assign(
        n_train=kept.round().astype(int), n_unique=kept.round().astype(int), n_eval=n_eval,
        test_error=wrong / n_eval, test_loss=loss, loss_se=loss / 20, train_loss=loss * 0.5, train_error=error / 2,
        validation_loss=loss * np.exp(0.02 * rng.standard_normal(n)), validation_error=error,
        status=np.where(diverged, "diverged", "ok"),
        reason=np.where(diverged, "loss is not finite at step 12", ""),
        diverged_step=pd.Series(np.where(diverged, 12.0, np.nan)).astype("Int64"),
    )  # fmt: skip
    metrics = [c for c in runs if c.endswith(("_loss", "_error"))]
    runs.loc[diverged, metrics] = np.nan
    runs.loc[runs.index[5], ["status", "reason"]] = ["failed", "<script>alert('x')</script>"]
    runs.loc[runs.index[5], metrics] = np.nan
    return runs


def simulate_curves(runs: pd.DataFrame) -> pd.DataFrame:
    """Return curves that fall as step^-0.3 to each run's final metrics."""
    steps = np.unique(np.geomspace(1, 500, 10).round().astype(int))
    parts = []
    for split in ("train", "validation", "test"):
        for metric in ("loss", "error"):
            final = runs[f"{split}_{metric}"].to_numpy()[:, None]
            value = final * (steps / 500.0) ** -0.3
            value = np.minimum(value, 0.9) if metric == "error" else value
            parts.append(
                pd.DataFrame(
                    {
                        "run_id": np.repeat(runs["run_id"].to_numpy(), len(steps)),
                        "step": np.tile(steps, len(runs)),
                        "samples_seen": np.tile(steps * 64, len(runs)),
                        "split": split,
                        "metric": metric,
                        "value": value.ravel(),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def simulate_costs(runs: pd.DataFrame) -> pd.DataFrame:
    """Return a row of cost per run; a third of the runs came from the cache."""
    return pd.DataFrame(
        {
            "run_id": runs["run_id"], "wall_s": 0.4, "cpu_s": 0.35, "peak_memory_bytes": 3 << 28, "shard": "width=64",
            "engine": "stack", "stack_size": 64, "device": "cpu", "cached": np.arange(len(runs)) % 3 == 0,
            "versions": '{"torch": "2.13.0", "python": "3.12"}', "digest": "0123456789abcdef",
        }
    )  # fmt: skip


def write_analyses(inputs: Inputs) -> None:
    """Write the tables of a study's analyses."""
    for kind, name, _ in inputs.plan.study.content.analyses.each():
        for table, rows in compute_analysis(kind, name, inputs).items():
            file = inputs.results.folder / kind / name / f"{table}.parquet"
            write_table(rows, file, analyses[kind].tables[table])


def write_results(study: Study, runs: pd.DataFrame, folder: Path) -> Simulated:
    """Write the tables of the runs, the fits of the study's laws, its judged claims and its figures."""
    write_table(runs, folder / "runs.parquet", roles=make_plan(study).roles)
    write_table(simulate_curves(runs), folder / "curves.parquet", "curves")
    write_table(simulate_costs(runs), folder / "costs.parquet")
    for kind, table in fit_study(study.content.laws, runs, draws=100).items():
        write_table(table, folder / f"{kind}.parquet", kind)
    write_table(
        sensitivity(study.content.laws, runs, draws=60), folder / "sensitivity.parquet", "sensitivity"
    )
    if any("weights" not in analyses[kind].needs for kind, _, _ in study.content.analyses.each()):
        write_analyses(Inputs(make_plan(study), Results(folder)))
    claims = judge_claims(study.content.claims, folder, analyses=study.content.analyses)
    write_table(claims, folder / "claims.parquet", "claims")
    for block in study.content.figures:
        draw_figure(block, folder, study.content, folder / "figures")
    return Simulated(study, runs, folder)


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Return the simulated study with its tables, claims and figures."""
    folder, runs = made_once(tmp_path_factory, "planted", _simulated)
    return Simulated(load_study(folder / "planted.yaml"), runs, folder)


def _simulated(folder: Path) -> tuple[Path, pd.DataFrame]:
    file = folder / "planted.yaml"
    folder.mkdir()
    file.write_text(STUDY, encoding="utf-8")
    study = load_study(file)
    runs = simulate_runs(study, np.random.default_rng(7))
    write_results(study, runs, folder)
    return folder, runs


ORACLE = """
title: A simulated oracle
question: Do the points lie on the exact curve?
task: {name: sgd_oracle, modes: 16}
model: {name: linear}
training: {optimizer: sgd, learning_rate: 0.5, batch_size: 64, steps: 512}
sweeps:
  sizes:
    axes: {modes: [4, 6, 8, 12, 16, 24, 32], schedule: [constant, cosine], seed: {count: 8}}
laws:
  loss_by_modes: {sweep: sizes, y: test_loss, x: modes, by: [schedule], compare: [power_floor], exact: sgd_oracle,
                  role: headline}
figures:
  - {exact: loss_by_modes}
  - {law: loss_by_modes}
claims:
  - {quantity: exact_ratio, expected: 1, within: 0.05, origin: exact, source: "arXiv:2106.02713"}
  - {quantity: exact_ratio, expected: 1.2, within: 0.05, origin: exact, source: "a planted falsehood"}
"""


@pytest.fixture(scope="session")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Simulated:
    """Return a study whose runs scatter by 2 % around an exact curve."""
    folder, runs = made_once(tmp_path_factory, "oracle", _oracle)
    return Simulated(load_study(folder / "oracle.yaml"), runs, folder)


def _oracle(folder: Path) -> tuple[Path, pd.DataFrame]:
    folder.mkdir()
    (folder / "oracle.yaml").write_text(ORACLE, encoding="utf-8")
    study = load_study(folder / "oracle.yaml")
    runs = make_plan(study).table().drop(columns=["bytes", "predicted_s", "shard"])
    runs["gradient_clip"] = runs["gradient_clip"].astype(float)
    noise = np.random.default_rng(3).standard_normal(len(runs))
    loss = exact_curves["sgd_oracle"](runs, "modes", "test_loss") * np.exp(0.02 * noise)
    runs = runs.assign(
        test_loss=loss, test_error=np.nan, train_loss=loss, train_error=np.nan, validation_loss=np.nan,
        validation_error=np.nan, n_train=1024, n_unique=1024, n_eval=0, loss_se=0.0, status="ok", reason="",
        diverged_step=pd.array([None] * len(runs), dtype="Int64"),
    )  # fmt: skip
    write_results(study, runs, folder)
    return folder, runs
