"""`lawbook predict`: what a stored law says is what the fit said, and mistakes are one message."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.cli.conftest import Typed

from lawbook.laws import fit


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a table of runs of Chinchilla's law, as a file."""
    rng = np.random.default_rng(0)
    N, D = (column.ravel() for column in np.meshgrid(np.geomspace(1e7, 1e9, 6), np.geomspace(1e9, 3e10, 6)))
    loss = (1.8 + 480 / N**0.35 + 2080 / D**0.37) * np.exp(0.002 * rng.standard_normal(len(N)))
    file = tmp_path_factory.mktemp("predict") / "runs.csv"
    pd.DataFrame({"N": N, "D": D, "loss": loss, "gain": loss - 6}).to_csv(file, index=False)
    return file


@pytest.mark.parametrize(
    ("y", "law"),
    [
        ("loss", ("--law", "chinchilla", "--x", "N,D")),
        ("loss", ("--formula", "E + A*N^-alpha + B/D^beta")),
        ("gain", ("--formula", "E + B/D^beta + A*N^-alpha")),
    ],
)
def test_a_stored_law_predicts_what_the_fit_predicts(
    table: Path, tmp_path: Path, typed: Typed, y: str, law: tuple[str, ...]
) -> None:
    out = tmp_path / "fit"
    assert typed("fit", str(table), "--y", y, *law, "--draws", "100", "--out", str(out))[0] == 0
    code, said, _ = typed("predict", str(out), "--at", "N=70B, D=1.4T", "--at", "N=1e8,D=1e9", "--csv")
    assert code == 0
    (out.parent / "said.csv").write_text(said)
    found = pd.read_csv(out.parent / "said.csv")
    fitted = fit(pd.read_csv(table), law[1], y=y, x=["N", "D"], draws=100)
    expected = fitted.predict(pd.DataFrame({"N": [7e10, 1e8], "D": [1.4e12, 1e9]}), interval=None)
    assert found["estimate"].to_numpy() == pytest.approx(expected["estimate"].to_numpy(), rel=1e-9)
    assert ((found["low"] < found["estimate"]) & (found["estimate"] < found["high"])).all()


def test_mistakes_are_one_message(table: Path, tmp_path: Path, typed: Typed) -> None:
    out = tmp_path / "fit"
    typed(
        "fit",
        str(table),
        "--y",
        "loss",
        "--x",
        "N,D",
        "--law",
        "chinchilla",
        "--draws",
        "20",
        "--out",
        str(out),
    )
    for arguments, part in (
        ((str(tmp_path), "--at", "N=1,D=1"), "no answer of a fit is there"),
        ((str(out), "--at", "N=1"), "gives no D"),
        ((str(out), "--at", "N=1,D=1", "--law", "power"), "was not fitted"),
    ):
        code, said, error = typed("predict", *arguments)
        assert (code, said) == (2, "")
        assert part in error
    content = json.loads((out / "fit.json").read_text())
    del content["fits"]["chinchilla"]["law"]["written"]
    (out / "fit.json").write_text(json.dumps(content))
    assert "older version" in typed("predict", str(out), "--at", "N=1,D=1")[2]


def test_a_refused_law_still_says_that_it_is(tmp_path: Path, typed: Typed) -> None:
    rng = np.random.default_rng(0)
    file = tmp_path / "flat.csv"
    pd.DataFrame({"x": np.geomspace(1, 1e3, 12), "y": 1 + 0.01 * rng.standard_normal(12)}).to_csv(
        file, index=False
    )
    arguments = ("--y", "y", "--x", "x", "--law", "power", "--draws", "20", "--out", str(tmp_path / "fit"))
    assert typed("fit", str(file), *arguments)[0] == 1
    code, said, _ = typed("predict", str(tmp_path / "fit"), "--at", "x=10")
    assert code == 3
    assert "refused" in said


def test_a_y_of_either_sign_has_its_files(tmp_path: Path, typed: Typed) -> None:
    N = np.repeat(np.geomspace(10, 1e5, 12), 3)
    noise = 0.01 * np.random.default_rng(0).standard_normal(len(N))
    table = pd.DataFrame({"N": N, "seed": np.tile(range(3), 12), "reward": -2 + 3 * N**-0.5 + noise})
    table.to_csv(tmp_path / "runs.csv", index=False)
    asked = ("--y", "reward", "--formula", "E + A*N^-alpha", "--draws", "40", "--out", str(tmp_path / "fit"))
    assert typed("fit", str(tmp_path / "runs.csv"), *asked)[0] == 0
    drawn = (tmp_path / "fit/figure.svg").read_text(encoding="utf-8")
    assert "reward has no logarithm" in drawn
    assert "log residual" not in drawn
