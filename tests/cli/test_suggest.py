"""`lawbook suggest`: a table of runs to make, as CSV and as a sweep, and one message for each mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from tests.cli.conftest import Typed

ASKED = ("--y", "loss", "--x", "N,D", "--pool", "grid.csv", "--cost", "6e0*N*D", "--target", "N=70B,D=1.4T")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with runs and a grid of those that could be made."""
    rng = np.random.default_rng(0)
    N, D = (column.ravel() for column in np.meshgrid(np.geomspace(1e7, 1e10, 7), np.geomspace(1e9, 1e12, 7)))
    grid = pd.DataFrame({"N": N, "D": D, "name": [f"run{i}" for i in range(len(N))], "e": "x"})
    runs = grid[6 * N * D < 3e19].drop(columns=["name", "e"])
    loss = (1.8 + 480 / runs["N"] ** 0.35 + 2080 / runs["D"] ** 0.37) * np.exp(
        0.002 * rng.standard_normal(len(runs))
    )
    grid.to_csv(tmp_path / "grid.csv", index=False)
    runs.assign(loss=loss).to_csv(tmp_path / "runs.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def test_runs_are_written_as_a_table_and_as_a_sweep(folder: Path, typed: Typed) -> None:
    code, said, _ = typed("suggest", "runs.csv", *ASKED, "--budget", "1e21", "--out", "next.csv")
    assert code == 0
    assert "The interval of y at the target is ±" in said
    assert "To tell" in said
    found = pd.read_csv("next.csv")
    assert found["cumulative_cost"].iloc[-1] <= 1e21
    assert found["cost"].to_numpy() == pytest.approx((6 * found["N"] * found["D"]).to_numpy())
    assert found["name"].str.startswith("run").all()
    typed("suggest", "runs.csv", *ASKED, "--budget", "1e21", "--out", "next.yaml")
    sweep = yaml.safe_load((folder / "next.yaml").read_text())["sweeps"]["suggested"]
    assert sweep["combine"] == "zip"
    assert sweep["axes"]["N"] == pytest.approx(found["N"].tolist())


def test_a_y_that_is_negative_has_its_interval_in_its_own_units(folder: Path, typed: Typed) -> None:
    runs = pd.read_csv("runs.csv")
    runs.assign(loss=runs["loss"] - 9).to_csv("negative.csv", index=False)
    plain = typed("suggest", "runs.csv", *ASKED, "--budget", "1e21")[1]
    code, said, _ = typed("suggest", "negative.csv", *ASKED, "--budget", "1e21")
    assert code == 0
    now = said.split("at the target is ± ")[1].split(" now")[0]
    assert "%" not in now
    relative = float(plain.split("at the target is ± ")[1].split(" %")[0]) / 100
    assert 0.2 * relative * 1.95 < float(now) < 5 * relative * 1.95


@pytest.mark.parametrize(
    ("more", "part"),
    [
        (("--budget", "1"), "below the cheapest run"),
        (("--budget", "1e21", "--cost", "6*N*E"), "no column 'E'"),
        (("--budget", "1e21", "--cost", "N - 1e8"), "not above 0"),
        (("--budget", "1e21", "--target", "N=1"), "gives no D"),
        (("--budget", "1e21", "--pool", "runs.txt"), "no such file"),
        (("--budget", "1e21", "--out", "next.txt"), "ends in .csv"),
    ],
)
def test_a_mistake_is_one_message(folder: Path, typed: Typed, more: tuple[str, ...], part: str) -> None:
    code, _, error = typed("suggest", "runs.csv", *ASKED, *more)
    assert code == 2
    assert part in error
