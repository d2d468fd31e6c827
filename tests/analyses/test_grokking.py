"""Phases of learning: planted steps give the phase that their definition says, in tables, claims and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lawbook.analyses.grokking.answer import answer
from lawbook.analyses.grokking.block import PHASES, GrokkingBlock
from lawbook.analyses.grokking.compute import phase_tables
from lawbook.analyses.grokking.quantities.phase_share import phase_share
from lawbook.analyses.grokking.section import phase_table
from lawbook.errors import LawbookError
from lawbook.results.reader import Results
from lawbook.storage.tables import conform, write_table
from lawbook.studies import Study, load_study, make_plan
from lawbook.studies.analysis import analyses

STUDY = """
title: Planted phases of learning
question: Is each run in the phase of its steps?
task: {name: modular_addition, modulus: 5, samples: 12}
model: {name: mlp, width: 4, activation: square, bias: "off"}
training: {batch_size: full, steps: 1000}
sweeps:
  phases: {axes: {weight_decay: [0, 1], learning_rate: [0.01, 0.1], seed: {count: 3}}}
columns:
  memorised: {first: step, train_error: {at_most: 0.1}}
  understood: {first: step, test_error: {at_most: 0.1}}
analyses:
  grokking: {planted: {sweep: phases, by: [weight_decay, learning_rate]}}
figures:
  - {grokking: planted}
  - {grokking_curves: {of: phases, by: weight_decay, below: weight_norm}}
measure: [weight_norm]
"""
STEPS = np.array([0, 1, 10, 100, 1000])
PLANTED = {
    (0.0, 0.01): (100, np.nan),
    (0.0, 0.1): (np.nan, np.nan),
    (1.0, 0.01): (100, 110),
    (1.0, 0.1): (10, 15),
}
"""The steps after which training and test examples are learned, by weight decay and rate."""


def written(folder: Path) -> tuple[Study, Results]:
    """Return a study and a folder with its runs, their curves and the tables of its analysis, all planted."""
    folder.mkdir(exist_ok=True)
    (folder / "planted.yaml").write_text(STUDY, encoding="utf-8")
    study = load_study(folder / "planted.yaml")
    runs = make_plan(study).table().assign(status="ok")
    steps = [PLANTED[place] for place in zip(runs["weight_decay"], runs["learning_rate"], strict=True)]
    runs = runs.assign(memorised=[float(a) for a, _ in steps], understood=[float(b) for _, b in steps])
    # One seed of three learns the test examples late.
    late = (runs["weight_decay"] == 1) & (runs["learning_rate"] == 0.1) & (runs["seed"] == 2)
    runs.loc[late, "understood"] = 500.0
    write_table(runs, folder / "runs.parquet")
    write_table(pd.concat(map(_curve, runs.to_dict("records"))), folder / "curves.parquet")
    for name, table in phase_tables(study.content.analyses.of("grokking")["planted"], runs).items():
        columns = analyses["grokking"].tables[name]
        write_table(conform(table, columns), folder / "grokking" / "planted" / f"{name}.parquet")
    return study, Results(folder)


def _curve(run: dict[Any, Any]) -> pd.DataFrame:
    """Return an error that falls from 0.8 to 0 where it is planted, of either split, and a norm."""
    about = {"run_id": run["run_id"], "step": STEPS, "samples_seen": 12 * STEPS, "index": np.nan}
    parts = [
        pd.DataFrame(
            {**about, "split": split, "metric": "error", "value": np.where(run[column] <= STEPS, 0.0, 0.8)}
        )
        for split, column in (("train", "memorised"), ("test", "understood"))
    ]
    norm = pd.DataFrame({**about, "split": None, "metric": "weight_norm", "value": 1.0 + STEPS / 1000})
    return pd.concat([*parts, norm]).astype({"index": "Int64"})


def test_each_run_is_in_the_phase_of_its_steps(tmp_path: Path) -> None:
    study, results = written(tmp_path)
    cases = results.analysis("grokking", "planted").table("cases").set_index("case")
    assert cases["phase"].to_dict() == {
        "weight_decay=0,learning_rate=0.01": "memorisation",
        "weight_decay=0,learning_rate=0.1": "confusion",
        "weight_decay=1,learning_rate=0.01": "grokking",
        "weight_decay=1,learning_rate=0.1": "comprehension",
    }
    assert cases[list(PHASES)].sum(axis=1).eq(3).all()
    assert cases["grokking"].tolist() == [0, 0, 3, 1]
    assert cases["lag"].dropna().tolist() == [10.0, 5.0]
    assert list(answer(study.content, results)) == [
        "of 4 settings of planted 1 in comprehension, 1 in grokking, 1 in memorisation and 1 in confusion"
    ]
    table = phase_table(
        "planted", study.content.analyses.of("grokking")["planted"], results.analysis("grokking", "planted")
    )
    assert table.rows[-1] == ("weight decay 1, learning rate 0.1", "2", "1", "0", "0", "5")


def test_the_share_in_a_phase_has_its_binomial_interval(tmp_path: Path) -> None:
    _, results = written(tmp_path)
    runs, found = results.runs, results.analysis("grokking", "planted")
    some = runs[(runs["weight_decay"] == 1) & (runs["learning_rate"] == 0.1)]
    share, low, high, n = phase_share(found, some, "comprehension")
    assert (share, n) == (pytest.approx(2 / 3), 3)
    assert (low, high) == (pytest.approx(0.0943, abs=1e-4), pytest.approx(0.9916, abs=1e-4))
    assert np.isnan(phase_share(found, runs.iloc[:0], "confusion")[0])


def test_a_run_that_failed_has_no_phase_and_one_that_diverged_has_that_of_what_it_learned() -> None:
    block = GrokkingBlock(sweep="all", by=["width"])
    runs = pd.DataFrame(
        {
            "run_id": ["a", "b", "c"], "sweeps": "all", "width": 8, "steps": 100, "seed": [0, 1, 2],
            "status": ["failed", "diverged", "diverged"], "memorised": [np.nan, 10.0, np.nan], "understood": np.nan,
        }
    )  # fmt: skip
    tables = phase_tables(block, runs)
    assert tables["runs"]["phase"].isna().tolist() == [True, False, False]
    assert tables["runs"]["phase"].tolist()[1:] == ["memorisation", "confusion"]
    with pytest.raises(LawbookError, match="the runs have no column 'depth'"):
        phase_tables(GrokkingBlock(sweep="all", by=["depth"]), runs)
