"""`lawbook fit --cross`: where one law falls below another, what is not resolved, and what cannot cross."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.conftest import Typed

ASKED = ("--y", "loss", "--x", "steps", "--law", "power", "--by", "optimizer", "--cross", "--draws", "20")


@pytest.fixture
def typed_beside(typed: Typed, tmp_path, monkeypatch) -> Typed:
    """Type beside runs.csv: three optimizers, of which muon falls below sgd at 1,000 steps; adam is as steep as sgd."""
    rng, steps = np.random.default_rng(1), np.geomspace(100, 1e5, 8)
    parts = [
        pd.DataFrame({"steps": steps, "optimizer": name, "loss": level * (steps / 1000) ** -alpha})
        for name, level, alpha in (("sgd", 2.0, 0.3), ("muon", 2.0, 0.5), ("adam", 1.9, 0.3))
    ]
    rows = pd.concat(parts)
    rows["loss"] *= np.exp(0.02 * rng.standard_normal(len(rows)))
    rows.to_csv(tmp_path / "runs.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return typed


def test_it_says_beyond_which_x_one_law_is_below_the_other(typed_beside: Typed) -> None:
    code, said, errors = typed_beside("fit", "runs.csv", *ASKED, "--where", "optimizer in sgd,muon")
    assert (code, errors) == (0, "")
    assert "muon falls below sgd from steps = " in said
    assert "Fieller" in said
    code, said, _ = typed_beside("fit", "runs.csv", *ASKED, "--where", "optimizer in sgd,muon", "--json")
    found = json.loads(said)["crossing"]
    assert found["low"] < 1000 < found["high"]
    assert (found["below"], found["above"], found["resolved"], found["inside"]) == ("muon", "sgd", True, True)
    assert found["level"] == 0.95


@pytest.mark.slow
def test_it_stands_in_a_file_beside_the_answers(typed_beside: Typed) -> None:
    asked = (*ASKED, "--where", "optimizer in sgd,muon")
    said = typed_beside("fit", "runs.csv", *asked, "--json")[1]
    typed_beside("fit", "runs.csv", *asked, "--out", "out")
    assert json.loads(Path("out/crossing.json").read_text()) == json.loads(said)["crossing"]


def test_laws_of_one_exponent_have_no_crossing_that_is_resolved(typed_beside: Typed) -> None:
    code, said, _ = typed_beside("fit", "runs.csv", *ASKED, "--where", "optimizer in sgd,adam")
    assert code == 3
    assert "No crossing resolved: the exponents differ by" in said


def test_what_cannot_cross_is_said(typed_beside: Typed) -> None:
    code, _, errors = typed_beside("fit", "runs.csv", *ASKED)
    assert code == 2
    assert "--cross is of two groups, and optimizer has 3" in errors
    without = [word for word in ASKED if word not in ("--by", "optimizer")]
    code, _, errors = typed_beside("fit", "runs.csv", *without)
    assert code == 2
    assert "name their column with --by" in errors
    few = ("--where", "optimizer in sgd,muon", "--where", "steps < 500")
    code, said, _ = typed_beside("fit", "runs.csv", *ASKED, *few)
    assert code == 1
    assert "No crossing: the law of muon is refused" in said
