"""A folder of extensions brings all that a study may name, without a line of the package being touched.

A task, a model, a loss, an optimizer, a measurement, an exact curve, and an analysis with figure, section and quantity.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

EXTENSION = Path(__file__).parent / "extension"
PHENOMENON = Path(__file__).parent / "phenomenon"
SOURCE = Path(__file__).parents[2] / "src"


def lawbook(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder, with the package of this repository."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE), "COLUMNS": "200"}
    return subprocess.run(
        [sys.executable, "-m", "lawbook", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def with_extensions(source: Path, study: str, folder: Path) -> Path:
    """Return a working folder with the study of some extensions, and these."""
    (folder / "config/studies").mkdir(parents=True)
    shutil.copy(source / "study.yaml", folder / f"config/studies/{study}.yaml")
    shutil.copytree(source, folder / "extensions", ignore=shutil.ignore_patterns("study.yaml", "__pycache__"))
    (folder / "config/config.yaml").write_text("extensions: extensions\n")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a working folder with the study and its extensions."""
    return with_extensions(EXTENSION, "extended", tmp_path)


@pytest.mark.slow
def test_a_study_of_extensions_alone_runs_through_the_workflow(folder: Path) -> None:
    ran = lawbook(folder, "run", "extended", "--cores", "2")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = folder / "results/extended"
    runs = pd.read_parquet(results / "runs.parquet")
    assert (runs["status"] == "ok").all()
    assert (runs["largest_weight"] > 0).all()
    spreads = pd.read_parquet(results / "spread/losses/spreads.parquet").set_index("samples")["spread"]
    pd.testing.assert_series_equal(spreads, runs.groupby("samples")["test_loss"].std(), check_names=False)
    assert "No spread over seeds is larger than" in (results / "report.html").read_text()
    assert len(pd.read_csv(results / "figures/spread_losses.csv")) == 5
    assert set(pd.read_csv(results / "claims.csv")["verdict"]) == {"holds"}
    assert "Nothing to be done" in lawbook(folder, "run", "extended", "--cores", "1", "--", "-n").stdout


@pytest.mark.slow
def test_a_phenomenon_costs_fewer_than_120_lines_from_nothing_to_its_page(tmp_path: Path) -> None:
    files = [file for file in PHENOMENON.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    assert {"tasks", "measurements", "analyses", "laws"} == {
        one.name for one in PHENOMENON.iterdir() if one.is_dir()
    }
    assert sum(len(file.read_text().splitlines()) for file in files) < 120

    folder = with_extensions(PHENOMENON, "phenomenon", tmp_path)
    ran = lawbook(folder, "run", "phenomenon", "--cores", "2")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    results = folder / "results/phenomenon"
    assert "root_floor" in set(pd.read_csv(results / "fits.csv")["form"])
    runs = pd.read_parquet(results / "runs.parquet").groupby("samples")["test_error"].mean()
    gains = pd.read_parquet(results / "doubling/error/gains.parquet").set_index("samples")["factor"]
    pd.testing.assert_series_equal(gains, (runs / runs.shift()).dropna(), check_names=False)
    assert set(pd.read_csv(results / "claims.csv")["verdict"]) == {"holds"}
    assert (results / "report.html").is_file()


def test_a_study_of_extensions_is_planned(folder: Path) -> None:
    ran = lawbook(folder, "plan", "extended", "--csv")

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count("\n") == 21


@pytest.mark.parametrize(
    ("file", "written", "told"),
    [
        (
            "tasks/half_plane.py",
            "import no_such_module\n",
            "half_plane.py: this extension cannot be imported",
        ),
        ("tasks/half_plane.py", "tasks = None\n", "it defines no `task`"),
        ("tasks/digits.py", "task = None\n", "have the same name"),
    ],
)
def test_a_mistaken_extension_is_one_message(folder: Path, file: str, written: str, told: str) -> None:
    (folder / "extensions" / file).write_text(written)

    ran = lawbook(folder, "plan", "extended")

    assert ran.returncode == 2
    assert told in ran.stderr
    assert ran.stderr.count("\n") == 1
