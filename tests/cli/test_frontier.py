"""`lawbook frontier`: a planted frontier is found from the command line, and mistakes are one message."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.conftest import Typed

ASKED = ("frontier", "runs.csv", "--y", "loss", "--size", "N")
EXPONENT = 0.28 / (0.34 + 0.28)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with runs at five budgets of nine sizes, D in whole batches."""
    rows = []
    for budget in (6e18, 1e19, 3e19, 6e19, 1e20):
        best = 1.345 * (budget / 6) ** EXPONENT
        for N in best * np.geomspace(0.3, 3.3, 9):
            D = np.round(budget / 6 / N / 524288) * 524288
            rows.append((N, D, 6 * N * D, 1.69 + 406.4 / N**0.34 + 410.7 / D**0.28))
    pd.DataFrame(rows, columns=["N", "D", "flops", "loss"]).to_csv(tmp_path / "runs.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.mark.parametrize("counted", [("--compute", "flops"), ("--samples", "D")])
def test_a_planted_frontier_is_found(folder: Path, typed: Typed, counted: tuple[str, ...]) -> None:
    code, said, _ = typed(*ASKED, *counted)
    assert code == 0
    exponent = float(said.split("size grows as C^a with a = ")[1].split()[0])
    assert exponent == pytest.approx(EXPONENT, abs=0.03)
    assert "grouped_budgets" in said
    code, said, _ = typed(*ASKED, *counted, "--csv")
    table = pd.read_csv(StringIO(said))
    assert len(table) == 5
    assert table["loss"].is_monotonic_decreasing


def test_budgets_that_are_named_give_the_same_optima(folder: Path, typed: Typed) -> None:
    whole = pd.read_csv(StringIO(typed(*ASKED, "--compute", "flops", "--csv")[1]))
    asked = ",".join(f"{value:.12g}" for value in whole["compute"][:2])
    part = pd.read_csv(
        StringIO(
            typed(
                "frontier",
                "runs.csv",
                "--y",
                "loss",
                "--size",
                "N",
                "--compute",
                "flops",
                "--budgets",
                asked,
                "--csv",
            )[1]
        )
    )
    assert part["size"].tolist() == pytest.approx(whole["size"][:2].tolist(), rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--compute", "flop"), "flops"),
        ((), "give one of compute"),
        (("--compute", "flops", "--budgets", "1e19,many"), "write numbers with commas"),
        (("--compute", "flops", "--method", "spline"), "unknown method 'spline'"),
        (("--compute", "flops", "--where", "N >"), "N >"),
    ],
)
def test_a_mistake_is_one_message(folder: Path, typed: Typed, arguments: tuple[str, ...], part: str) -> None:
    code, _, error = typed(*ASKED, *arguments)
    assert code == 2
    assert part in error
