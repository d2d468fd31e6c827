"""A table of runs under a known law of N and D, and a study of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd

from lawbook.analyses import Inputs, compute_analysis
from lawbook.results.from_table import import_table
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies.analysis import analyses
from lawbook.studies.plan import Plan, make_plan
from lawbook.studies.schema import StudyFile
from lawbook.studies.study import load_study

N, D = (column.ravel() for column in np.meshgrid(np.geomspace(1e7, 1e10, 7), np.geomspace(1e9, 1e12, 7)))
TARGET = {"N": 7e10, "D": 1.4e12}
CHEAP = 3e19
"""Runs that cost less are made."""

STUDY = """
title: Runs under a known law
question: What is the loss of a large model?
table: {path: runs.csv, rename: {params: N}}
analyses:
  prediction:
    large: {y: loss, x: [N, D], target: {N: 70B, D: 1.4e12}}
  suggest:
    next: {y: loss, x: [N, D], target: {N: 70B, D: 1.4e12}, cost: 6*N*D, budget: 3e20,
      pool: {N: {log10: [1.0e+7, 1.0e+10, 7]}, D: {log10: [1.0e+9, 1.0e+12, 7]}}}
figures: [{prediction: large}, {next_runs: next}]
claims:
  - {quantity: predicted_value, at_least: 1.5, origin: exact, source: the planted law}
"""


def truth(N: np.ndarray | float, D: np.ndarray | float) -> np.ndarray:
    return np.asarray(1.8 + 480 / N**0.35 + 2080 / D**0.37)


def runs(noise: float = 0.001) -> pd.DataFrame:
    """Return the cheap runs of the grid, as the study's table of runs has them."""
    made = 6 * N * D < CHEAP
    loss = truth(N[made], D[made]) * np.exp(noise * np.random.default_rng(0).standard_normal(made.sum()))
    names = [f"row_{i:02d}" for i in range(1, made.sum() + 1)]
    return pd.DataFrame({"run_id": names, "N": N[made], "D": D[made], "loss": loss, "status": "ok"})


def one_input(places: np.ndarray, noise: float = 0.003) -> pd.DataFrame:
    """Return runs of one input under a power law with a floor."""
    loss = (1.5 + 20 / places**0.5) * np.exp(noise * np.random.default_rng(0).standard_normal(len(places)))
    names = [f"row_{i}" for i in range(len(places))]
    return pd.DataFrame({"run_id": names, "D": places, "loss": loss, "status": "ok"})


def plan(folder: Path, text: str = STUDY) -> Plan:
    """Return the plan of a study beside its table, which is written into the folder."""
    table = runs().rename(columns={"N": "params"}).drop(columns=["status"])
    table.assign(params=[f"{value / 1e6:.12g}M" for value in table["params"]]).to_csv(
        folder / "runs.csv", index=False
    )
    (folder / "planted.yaml").write_text(text)
    return make_plan(load_study(folder / "planted.yaml"))


def written(folder: Path) -> tuple[StudyFile, Results]:
    """Return the study's content, and the results folder into which the tables of its analyses are written."""
    folder.mkdir(parents=True, exist_ok=True)
    planned = plan(folder)
    table, _ = import_table(planned)
    write_table(table, folder / "runs.parquet")
    for kind, name, _ in planned.study.content.analyses.each():
        found = compute_analysis(kind, name, Inputs(planned, SimpleNamespace(runs=table)))
        for part, columns in analyses[kind].tables.items():
            write_table(conform(found[part], columns), folder / f"{kind}/{name}/{part}.parquet", columns)
    return planned.study.content, Results(folder)
